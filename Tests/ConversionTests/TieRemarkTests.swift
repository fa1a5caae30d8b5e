import ByteFiles
import Conversion
import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitCheckpoints
import UnitModel

/// Ties in formats without aliases: a remark about bytes that are stored twice.
@Suite("Ties that are remarks")
struct TieRemarkTests {
  /// A file with two tensors that it declares one; `areOne` says whether their bytes are equal.
  private func file(_ areOne: Bool, in folder: TemporaryFolder) throws -> any FlatWeightsSource {
    let specs = try ["a", "b"].map { try TensorSpec(name: TensorName($0), dtype: .f32, shape: [2]) }
    let path = folder.file("w.safetensors")
    let sink = try FlatFormats.sink(
      kind: .safetensors, path: path, specs: specs, ties: [TensorTie(name: "b", tiedTo: "a")], metadata: [])
    for index in sink.order {
      let values: [Float] = areOne || index == 0 ? [1, 2] : [1, 3]
      try values.withUnsafeBytes { try sink.append($0) }
    }
    try sink.finish()
    return try FlatFormats.open(try ReadableFile(path: path))
  }

  @Test("are held against the bytes where they would be written once", arguments: [true, false])
  func once(areOne: Bool) throws {
    let folder = try TemporaryFolder()
    let source = try file(areOne, in: folder)
    #expect(source.tensors.map(\.tiedTo) == [nil, "a"])
    func copy(to kind: FlatFormatKind, _ name: String) throws {
      let sink = try FlatFormats.sink(
        kind: kind, path: folder.file(name), specs: source.tensors.map(\.spec),
        ties: source.tensors.compactMap(TensorTie.init), metadata: [])
      try CopyTensors(source, to: sink).run { _ in }
    }
    func cut() throws {
      let (contents, _) = try CheckpointContents.cutting(source, plan: .whole, planPath: "plan")
      try FlatToUnits(source, contents: contents, destination: folder.file("w.h5")).run { _ in }
    }
    try copy(to: .npz, "w.npz")
    for write in [{ try copy(to: .pytorch, "w.pt") }, cut] {
      if areOne {
        try write()
      } else {
        let error = #expect(throws: ConversionError.self) { try write() }
        #expect(
          "\(error.map { "\($0)" } ?? "")".contains(
            "'b': expected the same bytes as 'a', to which it is tied"))
      }
    }
    let expected = ["w.npz", "w.safetensors"] + (areOne ? ["w.h5", "w.pt"] : [])
    #expect(try folder.names().sorted() == expected.sorted())
  }
}
