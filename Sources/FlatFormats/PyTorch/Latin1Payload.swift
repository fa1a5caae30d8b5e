internal import Tensors

/// Bytes that a pickle of protocol 2 stores as text: the characters U+0000 to U+00FF, in UTF-8.
///
/// The position of a byte depends on all bytes before it, so a read that goes back starts at the beginning.
final class Latin1Payload: NpyPayload {
  private let base: any NpyPayload
  private let path: String
  private let start: Int
  private let count: Int
  private var window: [UInt8] = []
  /// The position in `window` of the next byte to decode, and the number of the text's bytes that are not read yet.
  private var next = 0
  private var left: Int
  /// The number of bytes that have been decoded.
  private var position = 0

  private static let windowSize = 64 << 10

  /// The text takes `count` bytes of `base` from `start` on; `path` is the file's name in messages.
  init(_ base: any NpyPayload, start: Int, count: Int, path: String) {
    self.base = base
    self.path = path
    self.start = start
    self.count = count
    left = count
  }

  /// The number of bytes that the text encodes; nil if it has another character.
  func byteCount() throws(FlatFormatError) -> Int? {
    rewind()
    while let byte = try decoded() {
      guard byte >= 0 else { return nil }
      position += 1
    }
    return position
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    if offset < position { rewind() }
    while position < offset {
      guard try decoded() != nil else { return try fail(buffer.count) }
      position += 1
    }
    for index in buffer.indices {
      guard let byte = try decoded(), byte >= 0 else { return try fail(buffer.count) }
      buffer[index] = UInt8(truncatingIfNeeded: byte)
      position += 1
    }
  }

  private func rewind() {
    (window, next, left, position) = ([], 0, count, 0)
  }

  /// The next byte; nil at the end, -1 for a character that is not a byte.
  private func decoded() throws(FlatFormatError) -> Int? {
    guard let first = try raw() else { return nil }
    if first < 0x80 { return Int(first) }
    guard first == 0xC2 || first == 0xC3, let second = try raw(), second & 0xC0 == 0x80 else { return -1 }
    return Int(first & 3) << 6 | Int(second & 0x3F)
  }

  private func raw() throws(FlatFormatError) -> UInt8? {
    if next == window.count {
      if left == 0 { return nil }
      let size = min(left, Self.windowSize)
      if window.count != size { window = [UInt8](repeating: 0, count: size) }
      var failure: FlatFormatError?
      let place = start + count - left
      window.withUnsafeMutableBytes { buffer in
        do throws(FlatFormatError) { try base.read(at: place, into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      next = 0
      left -= size
    }
    next += 1
    return window[next - 1]
  }

  /// The text was counted before, so the file has changed since then.
  private func fail(_ asked: Int) throws(FlatFormatError) {
    throw .refused(
      .readPastEnd, path: path, place: "pickle, byte \(start)",
      expected: "\(asked.grouped) more bytes of an array after \(position)", found: "the end of its text")
  }
}
