internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// Reads a tensor whose bytes in the file are already its logical bytes.
final class PlainReader: TensorByteReader {
  private let file: ReadableFile
  private let name: TensorName
  private var position: Int
  private let end: Int

  /// The caller must have checked that `start` + `count` is within the file.
  init(file: ReadableFile, name: TensorName, start: Int, count: Int) {
    self.file = file
    self.name = name
    position = start
    end = start + count
  }

  var remaining: Int { end - position }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    guard buffer.count <= remaining else {
      throw .readPastEnd(of: name, in: file.path, left: remaining, asked: buffer.count)
    }
    try asFlatFormat { () throws(FileError) in try file.read(at: position, into: buffer) }
    position += buffer.count
  }
}

extension FlatFormatError {
  static func readPastEnd(of name: TensorName, in path: String, left: Int, asked: Int) -> FlatFormatError {
    .refused(
      .readPastEnd, path: path, place: "tensor \(name.quoted)",
      expected: "a read of the \(left.grouped) bytes left",
      found: "one of \(asked.grouped)")
  }
}

extension FlatWeightsSource {
  func noSuchTensor(_ index: Int) -> FlatFormatError {
    .refused(
      .noSuchTensor, path: path, place: "tensor number \(index)", expected: "one of \(tensors.count)",
      found: "another")
  }
}
