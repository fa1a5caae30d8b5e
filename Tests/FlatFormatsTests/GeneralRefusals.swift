import FlatFormats
import TensorStreams
import Tensors
import TestSupport

extension RefusalCase {
  /// Refusals that belong to no single format.
  static let generalCases: [RefusalCase] =
    [
      .file(.notRecognised, "x.bin", "random bytes", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
      .file(
        .notRecognised, "x.safetensors", "a Git LFS pointer",
        Array("version https://git-lfs.github.com/spec/v1\n".utf8)),
      .file(.notRecognised, "x.npz", "HDF5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]),
      .sink(
        .sinkDuplicateName, .npz, "a twice",
        [try Sample("a", .u8, [1], salt: 1), try Sample("a", .u8, [1], salt: 1)]),
      .sink(
        .sinkTie, .safetensors, "a name that is not there", [try Sample("a", .u8, [1], salt: 1)],
        ties: [TensorTie(name: "a", tiedTo: "b")]),
      .sink(
        .sinkTie, .safetensors, "itself", [try Sample("a", .u8, [1], salt: 1)],
        ties: [TensorTie(name: "a", tiedTo: "a")]),
      .sink(
        .sinkTie, .npz, "another shape",
        [try Sample("a", .u8, [1], salt: 1), try Sample("b", .u8, [2], salt: 1)],
        ties: [TensorTie(name: "a", tiedTo: "b")]),
      .sink(.sinkDType, .safetensors, "C128", [try Sample("a", .c128, [1], salt: 1)]),
      .sink(.sinkTensorCount, .npy, "none", []),
      .sink(
        .sinkTensorCount, .npy, "two",
        [try Sample("a", .u8, [1], salt: 1), try Sample("b", .u8, [1], salt: 1)]),
      .sink(
        .sinkUnreadable, .pytorch, "a name that its reader gives up",
        [try Sample(TensorName(String(repeating: "n", count: 1 << 18)), .u8, [1], salt: 1)]),
    ]
    + (FlatFormatKind.ofSeveralTensors + [.npy]).flatMap { kind in
      [
        noSuchTensor(-1, kind), noSuchTensor(1, kind), pastEnd(kind), amount(.sinkTooMuch, kind, 13),
        amount(.sinkTooLittle, kind, 11),
      ]
    }

  /// A file with one tensor of 12 bytes.
  private static func one(_ kind: FlatFormatKind, in folder: TemporaryFolder) throws -> any FlatWeightsSource
  {
    let path = folder.file("x.\(kind.rawValue)")
    try write([try Sample("a", .f32, [3], salt: 1)], to: path, kind: kind)
    return try open(path)
  }

  private static func noSuchTensor(_ number: Int, _ kind: FlatFormatKind) -> RefusalCase {
    RefusalCase(defect: .format(.noSuchTensor), label: "tensor \(number) of \(kind.rawValue)") { folder in
      _ = try one(kind, in: folder).reader(of: number)
    }
  }

  /// Reads one byte more than the tensor has, after all of them.
  private static func pastEnd(_ kind: FlatFormatKind) -> RefusalCase {
    RefusalCase(defect: .format(.readPastEnd), label: kind.rawValue) { folder in
      let reader = try one(kind, in: folder).reader(of: 0)
      try withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { try reader.read(into: $0) }
      try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { try reader.read(into: $0) }
    }
  }

  /// Writes `count` bytes for a tensor of 12 bytes.
  private static func amount(_ rule: FlatFormatRule, _ kind: FlatFormatKind, _ count: Int) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: "\(count) bytes of 12 to \(kind.rawValue)") { folder in
      let spec = try TensorSpec(name: "a", dtype: .f32, shape: [3])
      let sink = try FlatFormats.sink(kind: kind, path: folder.file("out"), specs: [spec])
      try pattern(count, salt: 1).withUnsafeBytes { try sink.append($0) }
      try sink.finish()
    }
  }
}
