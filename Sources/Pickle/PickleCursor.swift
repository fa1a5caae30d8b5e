/// Reads an input from front to back, through a window of 64 KiB.
final class PickleCursor {
  /// The position of the next byte.
  private(set) var offset: Int
  private let input: any PickleInput
  private let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
  /// The range of the input that the window holds.
  private var loaded = 0..<0

  init(_ input: any PickleInput, from offset: Int) {
    self.input = input
    self.offset = offset
  }

  deinit { window.deallocate() }

  var remaining: Int { input.size - offset }

  /// The next byte.
  func byte() throws(PickleError) -> UInt8 {
    if !loaded.contains(offset) { try load(1) }
    let byte = window[offset - loaded.lowerBound]
    offset += 1
    return byte
  }

  /// The next `count` bytes; `count` is at most the size of the window.
  func bytes(_ count: Int) throws(PickleError) -> [UInt8] {
    if count == 0 { return [] }
    if offset < loaded.lowerBound || offset + count > loaded.upperBound { try load(count) }
    let start = offset - loaded.lowerBound
    offset += count
    return Array(window[start..<(start + count)])
  }

  /// Skips `count` bytes; throws if there are fewer.
  func skip(_ count: Int) throws(PickleError) {
    try require(count)
    offset += count
  }

  /// A number of `count` bytes, lowest first; `count` is at most eight.
  func number(_ count: Int) throws(PickleError) -> UInt64 {
    var value: UInt64 = 0
    for place in 0..<count { value |= UInt64(try byte()) << UInt64(8 * place) }
    return value
  }

  /// The bytes before the end of the line; the line end is consumed too.
  func line(limit: Int) throws(PickleError) -> [UInt8] {
    let start = offset
    var bytes: [UInt8] = []
    while true {
      let next = try byte()
      if next == UInt8(ascii: "\n") { return bytes }
      if bytes.count == limit {
        throw .refused(
          .limit, offset: start, expected: "a line of at most \(limit) bytes", found: "a longer one")
      }
      bytes.append(next)
    }
  }

  /// A length that is stored in `width` bytes; throws if the input has fewer bytes left than this length.
  func length(_ width: Int) throws(PickleError) -> Int {
    let start = offset
    let value = try number(width)
    guard value <= UInt64(remaining) else {
      throw .refused(
        .truncated, offset: start, expected: "a length of at most the \(remaining) bytes left",
        found: "\(value)")
    }
    return Int(value)
  }

  private func require(_ count: Int) throws(PickleError) {
    guard count <= remaining else {
      throw .refused(
        .truncated, offset: offset, expected: "\(count) more \(count == 1 ? "byte" : "bytes")",
        found: "\(remaining)")
    }
  }

  private func load(_ count: Int) throws(PickleError) {
    try require(count)
    let size = min(window.count, remaining)
    try input.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: window[..<size]))
    loaded = offset..<(offset + size)
  }
}
