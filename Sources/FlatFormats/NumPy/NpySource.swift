internal import ByteFiles
internal import Tensors

enum NpySource {
  static let format = FlatFormat(
    kind: .npy, suffix: ".npy", matches: { $0.starts(with: [0x93] + Array("NUMPY".utf8)) },
    open: { file, _ throws(FlatFormatError) in
      throw .refused(
        .notRecognised, path: file.path, place: "file", expected: "a format that is read", found: "npy")
    },
    sink: { contents throws(FlatFormatError) in
      throw contents.refusal(.notRecognised, "file", expected: "a format that is written", found: "npy")
    })
}
enum NpzSource {
  static let format = FlatFormat(
    kind: .npz, suffix: ".npz", matches: { $0.starts(with: "PK\u{3}\u{4}") && $0.hasSuffix(".npz") },
    open: { file, _ throws(FlatFormatError) in
      throw .refused(
        .notRecognised, path: file.path, place: "file", expected: "a format that is read", found: "npz")
    },
    sink: { contents throws(FlatFormatError) in
      throw contents.refusal(.notRecognised, "file", expected: "a format that is written", found: "npz")
    })
}
