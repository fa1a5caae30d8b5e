internal import ByteFiles
internal import TensorStreams
internal import Zip

/// A sink that writes each tensor as a member of a zip file.
protocol ZipMemberSink: TensorSink, AnyObject {
  var progress: SinkProgress { get set }
  var zip: ZipWriter { get }
  /// Begins the member that the next byte belongs to, and members without bytes before it.
  func begin() throws(FlatFormatError)
}

extension ZipMemberSink {
  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // If no byte is missing, the rest is too much; `advance` then throws.
      let count = progress.missing > 0 ? min(rest.count, progress.missing) : rest.count
      try progress.advance(by: count)
      try asFlatFormat { () throws(FileError) in
        try zip.append(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
      }
      rest = rest.dropFirst(count)
      try begin()
    }
  }
}
