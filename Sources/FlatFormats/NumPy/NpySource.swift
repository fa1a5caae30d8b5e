internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// One array in a file of its own.
final class NpySource: FlatWeightsSource {
  let kind = FlatFormatKind.npy
  let tensors: [SourceTensor]
  let metadata: [(key: String, value: String)] = []
  private let header: NpyHeader
  private let file: ReadableFile

  /// The name that `numpy.savez` gives an unnamed array.
  static let tensorName: TensorName = "arr_0"

  var path: String { file.path }
  var verbatim: [UInt8]? { nil }

  init(_ file: ReadableFile, assumed: DType?) throws(FlatFormatError) {
    var position = 0
    let reader = NpyHeaderReader(
      path: file.path, place: "header", name: Self.tensorName, size: file.size, assumed: assumed
    ) { count throws(FlatFormatError) in
      let bytes = try asFlatFormat { () throws(FileError) in try file.bytes(at: position, count: count) }
      position += count
      return bytes
    }
    header = try reader.read()
    tensors = [SourceTensor(spec: header.spec, tiedTo: nil)]
    self.file = file
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard index == 0 else { throw noSuchTensor(index) }
    return RearrangingReader(
      header: header, path: path, payload: FilePayload(file: file, start: header.dataStart))
  }

  static let format = FlatFormat(
    kind: .npy, name: "npy", suffix: ".npy", uses: [.conversion, .outputs], mayHoldPickles: true,
    matches: { $0.starts(with: NpyHeader.magic) },
    open: { file, choices throws(FlatFormatError) in try NpySource(file, assumed: choices.assumeDType) },
    sink: { contents throws(FlatFormatError) in try NpySink(contents) })
}
