internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// Writes a GGUF file: the header, then each tensor at a multiple of the alignment.
///
/// A stored header is written unchanged, and the tensors in its byte order. A new file is of version 3 and little-endian
/// and has no metadata: nothing shows which architecture the tensors belong to, and llama.cpp needs
/// `general.architecture` to run a model. GGUF cannot say that tensors are tied; all of them are written in full.
final class GGUFSink: TensorSink {
  let order: [Int]
  private let contents: SinkContents
  private let layout: GGUFLayout
  private let writer: SequentialWriter
  private var progress: SinkProgress
  /// The beginning of an element or a block of a big-endian file.
  private var begun: [UInt8] = []

  init(_ contents: SinkContents) throws(FlatFormatError) {
    let layout: GGUFLayout
    if let stored = contents.verbatim {
      layout = try GGUFLayout(stored, contents)
    } else {
      layout = try GGUFLayout(of: contents)
    }
    self.layout = layout
    self.contents = contents
    order = layout.order
    progress = SinkProgress(contents, order: order)
    writer = try asFlatFormat { () throws(FileError) in
      let writer = try SequentialWriter(path: contents.path)
      try writer.append(layout.header)
      return writer
    }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // If no byte is missing, the rest is too much; `advance` then throws.
      let count = progress.missing > 0 ? min(rest.count, progress.missing) : rest.count
      let dtype = progress.current?.dtype
      if progress.filled == 0 { try pad(to: layout.alignment) }
      try progress.advance(by: count)
      try write(UnsafeRawBufferPointer(rebasing: rest.prefix(count)), dtype)
      rest = rest.dropFirst(count)
    }
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    if let tail = layout.tail {
      try asFlatFormat { () throws(FileError) in try writer.append([UInt8](repeating: 0, count: tail)) }
    } else {
      try pad(to: layout.alignment)
    }
    try contents.commit(writer, as: .gguf)
  }

  private func pad(to alignment: Int) throws(FlatFormatError) {
    let count = GGUFHeader.padded(writer.position, alignment) - writer.position
    try asFlatFormat { () throws(FileError) in try writer.append([UInt8](repeating: 0, count: count)) }
  }

  /// Writes bytes of one tensor, in the byte order of the file.
  private func write(_ bytes: UnsafeRawBufferPointer, _ dtype: DType?) throws(FlatFormatError) {
    guard layout.isBig, let dtype, !GGUFByteOrder.isSame(for: dtype) else {
      return try asFlatFormat { () throws(FileError) in try writer.append(bytes) }
    }
    begun += bytes
    var whole = begun
    let count = begun.count / dtype.block.bytes * dtype.block.bytes
    begun = Array(begun.dropFirst(count))
    whole.removeLast(whole.count - count)
    whole.withUnsafeMutableBytes { GGUFByteOrder.reverse($0, dtype) }
    try asFlatFormat { () throws(FileError) in try writer.append(whole) }
  }
}
