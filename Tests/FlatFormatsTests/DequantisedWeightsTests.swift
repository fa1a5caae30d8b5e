import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Block-quantised tensors as F32.
@Suite("GGUF: values of blocks as a source")
struct DequantisedWeightsTests {
  @Test("values come in order, in pieces of any size, and other tensors unchanged")
  func pieces() throws {
    let folder = try TemporaryFolder()
    // More blocks than are decoded at a time; one tensor without any.
    let samples = [
      try Sample("q8_0", .q80, [11, 3200], salt: 1), try Sample("q4_k", .q4K, [2, 256], salt: 2),
      try Sample("none", .q40, [0, 32], salt: 3), try Sample("f16", .f16, [2, 3], salt: 4),
    ]
    try write(samples, to: folder.file("w.gguf"), kind: .gguf)
    let source = try DequantisedWeights(try open(folder.file("w.gguf")))
    #expect(source.tensors.map(\.spec.dtype) == [.f32, .f32, .f32, .f16])
    #expect(source.tensors.map(\.spec.shape) == samples.map(\.spec.shape))
    for (index, sample) in samples.enumerated() {
      for piece in [1, 7, 4096, 1 << 20] where piece > 1 || sample.bytes.count < 1000 {
        #expect(try contents(source, index, piece: piece) == values(sample), "\(sample.spec.name) \(piece)")
      }
    }
  }

  /// The F32 of each block, one after the other; the bytes of a tensor without blocks.
  private func values(_ sample: Sample) -> [UInt8] {
    let block = sample.spec.dtype.block
    guard let decoder = BlockValues(sample.spec.dtype) else { return sample.bytes }
    return stride(from: 0, to: sample.bytes.count, by: block.bytes).flatMap { start in
      var found = [Float](repeating: 0, count: block.elements)
      sample.bytes[start..<start + block.bytes].withUnsafeBytes { bytes in
        found.withUnsafeMutableBufferPointer { decoder.decode(bytes, into: $0) }
      }
      return found.withUnsafeBytes { Array($0) }
    }
  }

  @Test("the header keeps its metadata without the type of the file, which is another one now")
  func header() throws {
    let folder = try TemporaryFolder()
    let file = GGUFBytes.tensor {
      $0.pairs = [
        GGUFBytes.pair("general.architecture", 8, GGUFBytes.text("llama")),
        GGUFBytes.pair("general.file_type", 4, bytes(UInt32(7))), GGUFBytes.pair("a", 0, [1]),
      ]
      $0.tensors[0] = .init(dimensions: [32], type: 8)
      $0.body = pattern(34, salt: 1) + [UInt8](repeating: 0, count: 30)
    }
    let source = try DequantisedWeights(try open(try folder.write(file.file, as: "w.gguf")))
    let values = try contents(source, 0)
    try write(
      [Sample(source.tensors[0].spec, values)], to: folder.file("new.gguf"), kind: .gguf,
      verbatim: source.verbatim)
    let new = try open(folder.file("new.gguf"))
    #expect(new.metadata.map(\.key) == ["general.architecture", "a"])
    #expect(new.tensors.map(\.spec) == [try TensorSpec(name: "t", dtype: .f32, shape: [32])])
    #expect(try contents(new, 0) == values)
  }

  @Test("a tensor whose values are not read is named")
  func unread() throws {
    let folder = try TemporaryFolder()
    try write([try Sample("iq", .iq2XXS, [256], salt: 1)], to: folder.file("w.gguf"), kind: .gguf)
    let source = try open(folder.file("w.gguf"))
    #expect(throws: UnreadValues.self) { try DequantisedWeights(source) }
  }
}
