import ByteFiles
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport

/// The folder of fixtures that make.py wrote.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Fixtures/flat").path

/// The folder of public hostile files beside the checkout; nil if there is none.
let hostile: String? = {
  let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/hostile").path
  return FileManager.default.fileExists(atPath: path) ? path : nil
}()

/// The bytes of make.py's `pattern`.
func pattern(_ count: Int, salt: Int) -> [UInt8] { (0..<count).map { UInt8(($0 * 37 + salt) % 251) } }

/// All logical bytes of a tensor, read in pieces of `piece` bytes and a rest.
func contents(_ source: any FlatWeightsSource, _ index: Int, piece: Int = 1 << 20) throws -> [UInt8] {
  let count = source.tensors[index].spec.byteCount
  let reader = try source.reader(of: index)
  var bytes = [UInt8](repeating: 0xEE, count: count)
  try bytes.withUnsafeMutableBytes { buffer in
    var done = 0
    while done < count {
      let step = min(piece, count - done)
      try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + step)]))
      done += step
    }
  }
  return bytes
}

func open(_ path: String, assume: DType? = nil) throws -> any FlatWeightsSource {
  if let source = try FlatFormats.open(folder: path, ReadingChoices(assumeDType: assume)) { return source }
  return try FlatFormats.open(try ReadableFile(path: path), ReadingChoices(assumeDType: assume))
}

/// Opens the file and reads every tensor; must return bytes or throw.
func readAll(_ path: String, assume: DType? = nil) throws -> [[UInt8]] {
  let source = try open(path, assume: assume)
  return try source.tensors.indices.map { try contents(source, $0) }
}

/// One tensor with its bytes.
struct Sample {
  let spec: TensorSpec
  let bytes: [UInt8]

  init(_ name: TensorName, _ dtype: DType, _ shape: [Int], salt: Int) throws {
    spec = try TensorSpec(name: name, dtype: dtype, shape: shape)
    bytes = pattern(spec.byteCount, salt: salt)
  }

  init(_ spec: TensorSpec, _ bytes: [UInt8]) {
    self.spec = spec
    self.bytes = bytes
  }
}

/// Writes `samples` in pieces of `piece` bytes, which cross the ends of tensors.
func write(
  _ samples: [Sample], to path: String, kind: FlatFormatKind, ties: [TensorTie] = [],
  metadata: [(key: String, value: String)] = [], verbatim: [UInt8]? = nil, opaque: Bool = false,
  piece: Int = 1000
) throws {
  let sink = try FlatFormats.sink(
    kind: kind, path: path, specs: samples.map(\.spec), ties: ties, metadata: metadata, verbatim: verbatim,
    opaque: opaque)
  let all = sink.order.flatMap { samples[$0].bytes }
  try all.withUnsafeBytes { buffer in
    for start in stride(from: 0, to: all.count, by: piece) {
      try sink.append(UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + piece, all.count)]))
    }
  }
  try sink.finish()
}

/// The error that `body` throws; nil if it succeeds.
func refusal(_ body: () throws -> Void) -> FlatFormatError? {
  do {
    try body()
    return nil
  } catch { return error as? FlatFormatError }
}

/// A safetensors file with this JSON and a body of this size.
func safetensors(_ json: String, body: Int = 0, padding: String = "") -> [UInt8] {
  let header = Array(json.utf8) + Array(padding.utf8)
  return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
    + [UInt8](repeating: 7, count: body)
}

/// An npy file with this dictionary.
func npy(_ dictionary: String, data: Int, version: [UInt8] = [1, 0]) -> [UInt8] {
  let header = Array(dictionary.utf8)
  let length = version[0] == 1 ? bytes(UInt16(header.count)) : bytes(UInt32(header.count))
  return [0x93] + Array("NUMPY".utf8) + version + length + header + pattern(data, salt: 3)
}

func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

extension FlatFormatKind {
  /// The formats whose files have several tensors, and that are written with any names.
  static let ofSeveralTensors = allCases.filter {
    ![.npy, .onnx, .shardedSafetensors, .keras, .dcp, .flax, .tensorflow].contains($0)
  }
  /// Those that have BOOL, U8 and U16 too. `GGUFTests` has the same tests with other dtypes.
  static let ofAnyDType = ofSeveralTensors.filter { $0 != .gguf }
}
