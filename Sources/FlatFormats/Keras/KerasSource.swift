internal import ByteFiles
internal import HDF5Kit
internal import TensorStreams
internal import Tensors

/// Reads the files of Keras: `.h5` and `.weights.h5`, a `.keras` archive, and the index of a set of `.weights.h5`.
enum KerasSource {
  private static func examine(
    _ file: ReadableFile, _ choices: ReadingChoices
  ) throws(FlatFormatError) -> FlatFormats.Examined {
    let source = try KerasSource.open(file, choices.names)
    return (source, source.defects)
  }

  static let format = FlatFormat(
    kind: .keras, name: "Keras", suffix: ".weights.h5", otherSuffixes: [".keras"],
    uses: [.conversion, .subNetwork],
    matches: { head in
      if head.starts(with: "PK\u{3}\u{4}") { return KerasArchive.matches(head) }
      return head.hdf5 == .keras || KerasShards.matches(head)
    },
    open: { file, choices throws(FlatFormatError) in try FlatFormat.sound(try examine(file, choices), file) },
    examine: { file, choices throws(FlatFormatError) in try examine(file, choices) },
    sink: { contents throws(FlatFormatError) in try HDF5Sink.make(contents, as: .keras) })

  /// Opens a file and lists its defects.
  static func open(
    _ file: ReadableFile, _ names: ReadingChoices.Names
  ) throws(FlatFormatError) -> HDF5Source {
    let head = FileHead(of: file)
    if head.starts(with: "PK\u{3}\u{4}") || head.starts(with: "PK\u{5}\u{6}") {
      return try KerasArchive.open(file, names)
    }
    if KerasShards.matches(head) { return try KerasShards.open(file, names) }
    let opened = try asFlatFormat { () throws(HDF5Error) in try HDF5File(file) }
    let survey = try HDF5Survey(opened, fileSize: file.size, assumed: nil, isKeras: true)
    return HDF5Source(
      .keras, path: file.path, files: [file.path], single: (file, 0),
      HDF5Source.Parts(opened, survey, names))
  }
}
