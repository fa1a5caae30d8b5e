internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// Writes one array as `numpy.save` does.
final class NpySink: TensorSink {
  let order = [0]
  private let contents: SinkContents
  private let writer: SequentialWriter
  private var progress: SinkProgress

  init(_ contents: SinkContents) throws(FlatFormatError) {
    guard contents.specs.count == 1 else {
      throw contents.refusal(
        .sinkTensorCount, "file", expected: "one tensor, which is all that npy holds; npz holds several",
        found: "\(contents.specs.count)")
    }
    let header = try NpyHeaderWriter.header(of: contents.specs[0], contents)
    self.contents = contents
    progress = SinkProgress(contents, order: order)
    writer = try asFlatFormat { () throws(FileError) in
      let writer = try SequentialWriter(path: contents.path)
      try writer.append(header)
      return writer
    }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError) {
    try progress.advance(by: bytes.count)
    try asFlatFormat { () throws(FileError) in try writer.append(bytes) }
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    try contents.commit(writer, as: .npy)
  }
}
