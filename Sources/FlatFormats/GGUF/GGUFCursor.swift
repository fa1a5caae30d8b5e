internal import Tensors

/// Reads the header of a GGUF file once, from front to back.
///
/// Every length and every count is compared with the bytes that the file has left before as much is read.
struct GGUFCursor {
  /// The longest header, in bytes. Those of models with 256,000 tokens have about 20 million.
  static let sizeLimit = 100_000_000

  let path: String
  /// The bytes of the file.
  let size: Int
  /// Whether numbers have their highest byte first.
  var isBig = false
  /// The bytes that were read: the header so far, and perhaps some of what follows.
  private(set) var bytes: [UInt8] = []
  private(set) var position = 0
  private let fetch: (_ offset: Int, _ count: Int) throws(FlatFormatError) -> [UInt8]

  /// - Parameter fetch: reads bytes of the file; it is asked for bytes within `size` only.
  init(
    path: String, size: Int,
    fetch: @escaping (_ offset: Int, _ count: Int) throws(FlatFormatError) -> [UInt8]
  ) {
    self.path = path
    self.size = size
    self.fetch = fetch
  }

  /// The bytes between the position and the end of the file, or the limit of a header.
  var left: Int { min(size, Self.sizeLimit) - position }

  func refusal(_ rule: FlatFormatRule, _ expected: String, found: String, at place: Int? = nil)
    -> FlatFormatError
  {
    .refused(
      rule, path: path, place: "header, byte \((place ?? position).grouped)", expected: expected,
      found: found)
  }

  /// Makes sure that `count` bytes follow the position, and reads them.
  mutating func need(_ count: UInt64, _ what: @autoclosure () -> String) throws(FlatFormatError) {
    guard count <= UInt64(left) else {
      if count <= UInt64(size - position) {
        throw refusal(
          .ggufLimit, "a header of at most \(Self.sizeLimit.grouped) bytes", found: "a longer one")
      }
      throw refusal(
        .ggufTruncated, what(), found: "\((size - position).grouped) bytes up to the end of the file")
    }
    // At most the size of the file, so it fits an Int and the sum cannot overflow.
    let end = position + Int(count)
    guard end > bytes.count else { return }
    // The header's length is not stored. Each read doubles what is there, so few reads are needed.
    let more = max(end - bytes.count, min(max(bytes.count, 16 << 10), 4 << 20))
    bytes += try fetch(bytes.count, min(more, size - bytes.count))
  }

  /// Passes over `count` bytes.
  mutating func skip(_ count: UInt64, _ what: @autoclosure () -> String) throws(FlatFormatError) {
    try need(count, what())
    position += Int(count)
  }

  /// A whole number without sign, of at most eight bytes.
  mutating func number(_ width: Int, _ what: @autoclosure () -> String) throws(FlatFormatError) -> UInt64 {
    try need(UInt64(width), what())
    var value: UInt64 = 0
    for place in 0..<width {
      value |= UInt64(bytes[position + (isBig ? width - 1 - place : place)]) << UInt64(8 * place)
    }
    position += width
    return value
  }

  mutating func u32(_ what: @autoclosure () -> String) throws(FlatFormatError) -> UInt32 {
    UInt32(truncatingIfNeeded: try number(4, what()))
  }

  /// The bytes of a text: their number, then the bytes.
  mutating func text(_ what: @autoclosure () -> String) throws(FlatFormatError) -> ArraySlice<UInt8> {
    let count = try number(8, "the length of \(what())")
    try need(count, "\(what()) of \(count.grouped) bytes")
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }
}

extension UInt64 {
  fileprivate var grouped: String { Int(exactly: self)?.grouped ?? "\(self)" }
}
