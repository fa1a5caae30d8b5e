package import TensorStreams
package import Tensors

/// A GGUF file's tensors, with the values of block-quantised ones as F32; all others unchanged.
package struct DequantisedWeights: FlatWeightsSource {
  package let tensors: [SourceTensor]
  /// The header with the new dtypes and all metadata.
  package let verbatim: [UInt8]?
  private let whole: any FlatWeightsSource

  /// Throws for the first tensor whose values are not read here.
  package init(_ whole: any FlatWeightsSource) throws(UnreadValues) {
    self.whole = whole
    var tensors: [SourceTensor] = []
    for tensor in whole.tensors {
      let spec = tensor.spec
      guard spec.dtype.hasValues else { throw UnreadValues(spec) }
      // The elements of a tensor in a file; F32 takes at most 32 times the bytes.
      let plain =
        spec.dtype.isBlockQuantised ? try? TensorSpec(name: spec.name, dtype: .f32, shape: spec.shape) : spec
      guard let plain else { throw UnreadValues(spec) }
      tensors.append(SourceTensor(spec: plain, tiedTo: tensor.tiedTo))
    }
    self.tensors = tensors
    verbatim = whole.verbatim.flatMap { stored in
      guard var edit = try? GGUFHeaderEdit(stored, path: whole.path) else { return nil }
      // Without this key, llama.cpp asks the tensors for their types.
      edit.remove("general.file_type")
      return try? edit.bytes(for: tensors.map(\.spec))
    }
  }

  package var path: String { whole.path }
  package var kind: FlatFormatKind { whole.kind }
  package var metadata: [(key: String, value: String)] { whole.metadata }
  package var isMetadataWhole: Bool { whole.isMetadataWhole }
  package var files: [String] { whole.files }
  package var remarks: [FlatRemark] { whole.remarks }
  package var leftOut: [LeftOut] { whole.leftOut }

  package func reader(of number: Int) throws -> any TensorByteReader {
    let reader = try whole.reader(of: number)
    let spec = whole.tensors[number].spec
    return BlockValues(spec.dtype).map { DequantisingReader(reader, spec, $0) } ?? reader
  }
}

/// Reads blocks, and gives the F32 that they mean.
private final class DequantisingReader: TensorByteReader {
  private let reader: any TensorByteReader
  private let spec: TensorSpec
  private let values: BlockValues
  /// The blocks that are decoded at a time.
  private static let run = 1024
  private var stored: [UInt8]
  private var decoded: [Float]
  /// The bytes of `decoded` that are not delivered yet.
  private var ready = 0..<0
  private(set) var remaining: Int

  init(_ reader: any TensorByteReader, _ spec: TensorSpec, _ values: BlockValues) {
    self.reader = reader
    self.spec = spec
    self.values = values
    let count = min(Self.run, spec.byteCount / spec.dtype.block.bytes)
    stored = .init(repeating: 0, count: count * spec.dtype.block.bytes)
    decoded = .init(repeating: 0, count: count * spec.dtype.block.elements)
    remaining = 4 * spec.elementCount
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws {
    guard buffer.count <= remaining else {
      throw TensorStreamError.pastEnd(left: remaining, asked: buffer.count)
    }
    var done = 0
    while done < buffer.count {
      if ready.isEmpty { try fill() }
      let count = min(ready.count, buffer.count - done)
      decoded.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
          .copyBytes(from: bytes[ready.prefix(count)])
      }
      ready = ready.dropFirst(count)
      done += count
    }
    remaining -= buffer.count
  }

  private func fill() throws {
    let block = spec.dtype.block
    let count = min(Self.run, reader.remaining / block.bytes)
    stored.removeLast(stored.count - count * block.bytes)
    try reader.read(into: &stored)
    stored.withUnsafeBytes { stored in
      decoded.withUnsafeMutableBufferPointer { decoded in
        for number in 0..<count {
          values.decode(
            UnsafeRawBufferPointer(rebasing: stored[(number * block.bytes)...].prefix(block.bytes)),
            into: UnsafeMutableBufferPointer(rebasing: decoded[(number * block.elements)...]))
        }
      }
    }
    ready = 0..<4 * count * block.elements
  }
}
