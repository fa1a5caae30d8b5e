internal import ByteFiles
internal import Tensors

/// The head of a msgpack value (github.com/msgpack/msgpack/blob/master/spec.md): its type, and the size of what follows.
enum MsgpackHead: Equatable {
  case null
  case boolean(Bool)
  /// nil for an unsigned number of 2⁶³ or more.
  case integer(Int?)
  case float
  case text(Int)
  case binary(Int)
  case map(Int)
  case array(Int)
  case extended(type: Int8, count: Int)

  /// The type, as the end of a sentence.
  var words: String {
    switch self {
    case .null: "nothing (None)"
    case .boolean: "a truth value"
    case .integer, .float: "a number"
    case .text: "a text"
    case .binary(let count): "\(count.grouped) raw bytes"
    case .map: "a map"
    case .array: "a list"
    case .extended(let type, _): "an extension of type \(type)"
    }
  }
}

/// Reads the heads of msgpack values through a small window, and passes over the bytes of arrays.
///
/// Every size is compared with the bytes that are left, so nothing is allocated for a false one.
final class MsgpackCursor {
  let file: ReadableFile
  private(set) var position = 0
  /// No value may reach beyond this position.
  var end: Int
  private var window: [UInt8] = []
  private var windowStart = 0

  private static let windowSize = 4096

  init(_ file: ReadableFile) {
    self.file = file
    end = file.size
  }

  var left: Int { end - position }

  func skip(_ count: Int) { position += count }

  /// The head of the next value. Its content, if it has some, begins at `position`.
  func head() throws(FlatFormatError) -> MsgpackHead {
    let start = position
    let type = UInt8(truncatingIfNeeded: try number(1, start))
    switch type {
    case 0x00...0x7F: return .integer(Int(type))
    case 0x80...0x8F: return .map(try checked(Int(type & 0x0F), of: 2, start))
    case 0x90...0x9F: return .array(try checked(Int(type & 0x0F), of: 1, start))
    case 0xA0...0xBF: return .text(try checked(Int(type & 0x1F), of: 1, start))
    case 0xC0: return .null
    case 0xC2, 0xC3: return .boolean(type == 0xC3)
    case 0xC4...0xC6: return .binary(try size(1 << (type - 0xC4), of: 1, start))
    case 0xC7...0xC9: return try extended(Int(try number(1 << Int(type - 0xC7), start)), start)
    case 0xCA, 0xCB:
      _ = try number(type == 0xCA ? 4 : 8, start)
      return .float
    case 0xCC...0xCF: return .integer(Int(exactly: try number(1 << Int(type - 0xCC), start)))
    case 0xD0...0xD3:
      let width = 1 << Int(type - 0xD0)
      let shift = UInt64(64 - 8 * width)
      return .integer(Int(Int64(bitPattern: try number(width, start) << shift) >> Int64(shift)))
    case 0xD4...0xD8: return try extended(1 << Int(type - 0xD4), start)
    case 0xD9...0xDB: return .text(try size(1 << (type - 0xD9), of: 1, start))
    case 0xDC, 0xDD: return .array(try size(2 << (type - 0xDC), of: 1, start))
    case 0xDE, 0xDF: return .map(try size(2 << (type - 0xDE), of: 2, start))
    case 0xE0...0xFF: return .integer(Int(Int8(bitPattern: type)))
    default: throw broken("byte \(start)", "the type of a value", "0xc1, which no value has")
    }
  }

  /// The next bytes; the caller has checked their number, which is at most 64 KiB.
  func bytes(_ count: Int) throws(FlatFormatError) -> [UInt8] {
    var result: [UInt8] = []
    while result.count < count {
      if !(windowStart..<(windowStart + window.count)).contains(position) { try fill() }
      let offset = position - windowStart
      let part = window[offset..<min(window.count, offset + count - result.count)]
      result += part
      position += part.count
    }
    return result
  }

  private func fill() throws(FlatFormatError) {
    guard position < file.size else { throw broken("byte \(position)", "more bytes", "the end of the file") }
    let count = min(Self.windowSize, file.size - position)
    window = try asFlatFormat { () throws(FileError) in try file.bytes(at: position, count: count) }
    windowStart = position
  }

  /// A number of `width` bytes, highest first.
  private func number(_ width: Int, _ start: Int) throws(FlatFormatError) -> UInt64 {
    guard width <= left else {
      throw broken("byte \(start)", "a value that ends before byte \(end)", "one that does not")
    }
    return try bytes(width).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func size(_ width: Int, of item: Int, _ start: Int) throws(FlatFormatError) -> Int {
    try checked(Int(try number(width, start)), of: item, start)
  }

  /// A number of items that take at least `item` bytes each.
  private func checked(_ count: Int, of item: Int, _ start: Int) throws(FlatFormatError) -> Int {
    guard count <= left / item else {
      throw broken(
        "byte \(start)", "a size of at most the \(left.grouped) bytes that are left",
        "\(count.grouped) items of at least \(item)")
    }
    return count
  }

  private func extended(_ count: Int, _ start: Int) throws(FlatFormatError) -> MsgpackHead {
    let type = Int8(truncatingIfNeeded: try number(1, start))
    return .extended(type: type, count: try checked(count, of: 1, start))
  }

  func broken(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
    .refused(.flaxStructure, path: file.path, place: place, expected: expected, found: found)
  }
}
