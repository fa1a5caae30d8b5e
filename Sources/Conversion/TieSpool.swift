internal import ByteFiles

/// The bytes of tied tensors, kept beside the destination between their first name and the others.
///
/// Formats that cannot alias hold every name in full, the names are apart in their order, and a sub-network's bytes
/// are to be read from the checkpoint once.
final class TieSpool {
  /// For each tensor the one whose bytes it has.
  private let roots: [Int]
  private let destination: String
  private var repeats: [Int: Int] = [:]
  /// Where the bytes of a root lie.
  private var ranges: [Int: Range<Int>] = [:]
  private var file: AtomicFile?

  init(roots: [Int], beside destination: String) {
    self.roots = roots
    self.destination = destination
    for root in roots { repeats[root, default: 0] += 1 }
  }

  /// Whether the bytes of a tensor have been here before.
  func holds(_ number: Int) -> Bool { ranges[roots[number]] != nil }

  /// Makes room for a tensor that comes again under another name.
  func begin(_ number: Int) {
    guard repeats[roots[number], default: 0] > 1 else { return }
    let end = ranges.values.reduce(0) { max($0, $1.upperBound) }
    ranges[roots[number]] = end..<end
  }

  /// Keeps the next bytes of the tensor that has begun, if they come again.
  func append(_ bytes: UnsafeRawBufferPointer, of number: Int) throws(ConversionError) {
    guard let range = ranges[roots[number]] else { return }
    do throws(FileError) {
      // Never committed, so it is gone when this is.
      if file == nil { file = try AtomicFile(path: destination + ".ties") }
      try file?.write(bytes, at: range.upperBound)
    } catch { throw .file(error) }
    ranges[roots[number]] = range.lowerBound..<range.upperBound + bytes.count
  }

  /// Calls `body` with the tensor's bytes, a buffer at a time.
  func forEachWindow(
    of number: Int, in buffer: UnsafeMutableRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    guard let range = ranges[roots[number]], let file else { return }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: buffer.count) {
      let window = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<min(buffer.count, range.upperBound - start)])
      do throws(FileError) { try file.read(at: start, into: window) } catch { throw .file(error) }
      try body(UnsafeRawBufferPointer(window))
    }
  }
}
