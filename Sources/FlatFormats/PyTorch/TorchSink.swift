internal import ByteFiles
internal import Pickle
internal import TensorStreams
internal import Tensors
internal import Zip

/// Writes the zip form that PyTorch's weights-only loader reads: one pickle, and a stored member for each tensor.
///
/// Tied tensors share a storage: the second name refers to the storage with the same offset, size and strides, and the
/// bytes are written once.
final class TorchSink: ZipMemberSink {
  let order: [Int]
  private let contents: SinkContents
  let zip: ZipWriter
  var progress: SinkProgress
  /// Place in `order` of the next storage to begin.
  private var begun = 0

  /// The folder name that PyTorch uses for a file written to memory. If it were the destination's name, two files with
  /// the same content would differ.
  private static let top = "archive"
  private static let alignment = 64

  init(_ contents: SinkContents) throws(FlatFormatError) {
    let tied = Set(contents.ties.map(\.name))
    order = contents.specs.indices.filter { !tied.contains(contents.specs[$0].name) }
    self.contents = contents
    let pickle = try TorchPickleWriter(contents, order: order).bytes()
    progress = SinkProgress(contents, order: order)
    zip = ZipWriter(
      try asFlatFormat { () throws(FileError) in try SequentialWriter(path: contents.path) },
      alignment: Self.alignment)
    try member("data.pkl", pickle)
    try member(".format_version", Array("1".utf8))
    try member(".storage_alignment", Array(String(Self.alignment).utf8))
    try member("byteorder", Array("little".utf8))
    try begin()
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    try member("version", Array("3\n".utf8))
    try asFlatFormat { () throws(FileError) in try zip.finish(comment: []) }
    try contents.commit(zip.writer, as: .pytorch)
  }

  /// Begins the storage that the next byte belongs to, and storages without bytes before it.
  func begin() throws(FlatFormatError) {
    while begun < order.count, begun <= progress.place {
      try asFlatFormat { () throws(FileError) in
        try zip.begin(name: "\(Self.top)/data/\(begun)", size: contents.specs[order[begun]].byteCount)
      }
      begun += 1
    }
  }

  private func member(_ name: String, _ bytes: [UInt8]) throws(FlatFormatError) {
    try asFlatFormat { () throws(FileError) in
      try zip.begin(name: "\(Self.top)/\(name)", size: bytes.count)
      try zip.append(bytes)
    }
  }
}
