import ByteFiles
import Conversion
import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitCheckpoints
import UnitModel

@Suite("Conversion there and back")
struct RoundTripTests {
  @Test("writes the same checkpoint twice")
  func deterministic() throws {
    let folder = try TemporaryFolder()
    let random = try RandomPartition(seed: 7)
    let flat = try Self.safetensors(random.partition.tensors.map(\.spec), seed: 7, in: folder)
    for name in ["a.h5", "b.h5"] {
      let source = try FlatFormats.open(try ReadableFile(path: flat))
      let (contents, _) = try CheckpointContents.cutting(source, plan: .whole, planPath: "plan")
      try FlatToUnits(source, contents: contents, destination: folder.file(name)).run { _ in }
    }
    #expect(
      try TemporaryFolder.bytes(of: folder.file("a.h5")) == TemporaryFolder.bytes(of: folder.file("b.h5")))
  }

  @Test("refuses a page whose bytes have changed, and names it")
  func changedPage() throws {
    let folder = try TemporaryFolder()
    let specs = [try TensorSpec(name: "w", dtype: .f32, shape: [64, 3])]
    let flat = try Self.safetensors(specs, seed: 3, in: folder)
    let source = try FlatFormats.open(try ReadableFile(path: flat))
    let plan = try Plan(
      parsing: Array(
        #"{"format":"tessera.plan/1","units":2,"axes":{"a":{"size":64}},"tensors":[{"name":"w","axes":["a",null]}]}"#
          .utf8))
    let (contents, _) = try CheckpointContents.cutting(source, plan: plan, planPath: "plan")
    let path = folder.file("m.h5")
    try FlatToUnits(source, contents: contents, destination: path).run { _ in }

    var bytes = try TemporaryFolder.bytes(of: path)
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: path))
    let address = try #require(checkpoint.map.sections[1].address)
    bytes[address + 5] ^= 0x10
    let broken = try folder.write(bytes, as: "broken.h5")
    let sink = try FlatFormats.sink(
      kind: .safetensors, path: folder.file("back.safetensors"), specs: specs, ties: [], metadata: [],
      verbatim: nil, opaque: false)
    let error = #expect(throws: CheckpointError.self) {
      try CopyTensors(try UnitCheckpoint(try ReadableFile(path: broken)), to: sink).run { _ in }
    }
    #expect(error?.description.contains("/intra/1/F32 page 0: expected checksum") == true)
  }

  /// Tensors alternate between two lanes of hashing, so one gets all small ones; its work must not wait for a full
  /// batch.
  @Test("moves more bytes than the buffers hold when every other tensor is small")
  func smallBetweenLarge() throws {
    let folder = try TemporaryFolder()
    let specs = try (0..<44).map {
      try TensorSpec(name: TensorName("\($0)"), dtype: .f32, shape: [$0 % 2 == 0 ? 1 : 1 << 18])
    }
    let flat = try Self.safetensors(specs, seed: 5, in: folder)
    let source = try FlatFormats.open(try ReadableFile(path: flat))
    let (contents, _) = try CheckpointContents.cutting(source, plan: .whole, planPath: "plan")
    let path = folder.file("m.h5")
    try FlatToUnits(source, contents: contents, destination: path).run { _ in }
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: path))
    for (number, tensor) in checkpoint.index.tensors.enumerated() {
      #expect(tensor.digest == (try source.digest(of: number) { _ in }))
    }
  }

  @Test("writes several checkpoints at one time")
  func severalAtOneTime() async throws {
    let folder = try TemporaryFolder()
    let specs = try (0..<40).map { try TensorSpec(name: TensorName("\($0)"), dtype: .f32, shape: [16, 8]) }
    let flat = try Self.safetensors(specs, seed: 9, in: folder)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<16 {
        let path = folder.file("\(number).h5")
        group.addTask {
          for _ in 0..<4 {
            let source = try FlatFormats.open(try ReadableFile(path: flat))
            let (contents, _) = try CheckpointContents.cutting(source, plan: .whole, planPath: "plan")
            try FlatToUnits(source, contents: contents, destination: path).run { _ in }
          }
        }
      }
      try await group.waitForAll()
    }
    let first = try TemporaryFolder.bytes(of: folder.file("0.h5"))
    for number in 1..<16 { #expect(try TemporaryFolder.bytes(of: folder.file("\(number).h5")) == first) }
  }

  /// A safetensors file with random bytes.
  private static func safetensors(_ specs: [TensorSpec], seed: UInt64, in folder: TemporaryFolder) throws
    -> String
  {
    var generator = SeededGenerator(seed: seed)
    let path = folder.file("source-\(seed).safetensors")
    let sink = try FlatFormats.sink(
      kind: .safetensors, path: path, specs: specs, ties: [], metadata: [(key: "seed", value: "\(seed)")],
      verbatim: nil, opaque: false)
    for index in sink.order {
      try generator.bytes(specs[index].byteCount).withUnsafeBytes { bytes in try sink.append(bytes) }
    }
    try sink.finish()
    return path
  }
}
