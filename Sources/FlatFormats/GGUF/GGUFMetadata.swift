internal import Tensors

/// The types of GGUF's metadata, by their numbers.
enum GGUFValueType: UInt32 {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// The bytes of a value; nil for texts and arrays.
  var width: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// Whether values are integers, with or without a sign.
  var isInteger: Bool { ![.float32, .float64, .bool, .string, .array].contains(self) }

  /// The fewest bytes of a value: an empty text has its length, an empty array a type and a length.
  var least: UInt64 { width.map(UInt64.init) ?? (self == .string ? 8 : 12) }

  /// The name in the specification.
  var name: String { "\(self)".uppercased() }

  /// A number as text.
  func text(_ bits: UInt64) -> String {
    switch self {
    case .int8: "\(Int8(truncatingIfNeeded: bits))"
    case .int16: "\(Int16(truncatingIfNeeded: bits))"
    case .int32: "\(Int32(truncatingIfNeeded: bits))"
    case .int64: "\(Int64(truncatingIfNeeded: bits))"
    case .float32: "\(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))"
    case .float64: "\(Double(bitPattern: bits))"
    case .bool: bits == 0 ? "false" : "true"
    case .uint8, .uint16, .uint32, .uint64, .string, .array: "\(bits)"
    }
  }
}

/// The metadata of a GGUF file as texts.
///
/// Texts are as stored; bytes that are no UTF-8 become U+FFFD. Long arrays are only counted.
struct GGUFMetadata {
  /// The most pairs; real files have about 50.
  static let countLimit = 1 << 16
  /// Arrays in arrays, at most this deep.
  static let depthLimit = 8
  /// The longest array that is shown.
  private static let shownCount = 16
  /// The elements of arrays that can still be shown: text takes more time and memory than the bytes.
  private var shownLeft = 1 << 12

  private(set) var pairs: [(key: String, value: String)] = []
  /// The key of an array of arrays, which llama.cpp does not read; nil if there is none.
  private(set) var nested: String?
  /// The multiple of bytes at which each tensor begins.
  private(set) var alignment = 32
  private var keys = Set<TensorName>()

  /// Reads a key and its value.
  mutating func readPair(_ cursor: inout GGUFCursor) throws(FlatFormatError) {
    let place = cursor.position
    let bytes = try cursor.text("a key")
    guard let key = String(validating: bytes, as: UTF8.self), !key.isEmpty, bytes.count < 1 << 16 else {
      throw cursor.refusal(
        .ggufKey, "a key of 1 to 65,535 bytes of UTF-8",
        found: bytes.isEmpty ? "an empty key" : bytes.count < 1 << 16 ? "other bytes" : "a longer key",
        at: place)
    }
    guard keys.insert(TensorName(key)).inserted else {
      throw cursor.refusal(
        .ggufDuplicateKey, "every key once", found: "\(TensorName(key).quoted) again", at: place)
    }
    let type = try Self.type(&cursor, key)
    if key == "general.alignment" { return try readAlignment(type, &cursor) }
    pairs.append((key, try value(type, key, &cursor, depth: 0, isShown: true)))
  }

  private static func type(
    _ cursor: inout GGUFCursor, _ key: String
  ) throws(FlatFormatError) -> GGUFValueType {
    let place = cursor.position
    let number = try cursor.u32("the type of \(TensorName(key).quoted)")
    guard let type = GGUFValueType(rawValue: number) else {
      throw cursor.refusal(
        .ggufValueType, "a type of metadata, 0 to 12, for \(TensorName(key).quoted)", found: "\(number)",
        at: place)
    }
    return type
  }

  private mutating func readAlignment(
    _ type: GGUFValueType, _ cursor: inout GGUFCursor
  ) throws(FlatFormatError) {
    let place = cursor.position
    guard type == .uint32 else {
      throw cursor.refusal(
        .ggufAlignment, "general.alignment of the type UINT32", found: type.name, at: place)
    }
    let value = Int(try cursor.u32("general.alignment"))
    guard value > 0, value & (value - 1) == 0 else {
      throw cursor.refusal(
        .ggufAlignment, "general.alignment, a power of two", found: "\(value)", at: place)
    }
    guard value <= GGUFHeader.alignmentLimit else {
      throw cursor.refusal(
        .ggufLimit, "general.alignment of at most \(GGUFHeader.alignmentLimit.grouped)",
        found: value.grouped, at: place)
    }
    alignment = value
    pairs.append(("general.alignment", "\(value)"))
  }

  /// - Parameter isShown: whether the text is used.
  private mutating func value(
    _ type: GGUFValueType, _ key: String, _ cursor: inout GGUFCursor, depth: Int, isShown: Bool
  ) throws(FlatFormatError) -> String {
    if let width = type.width {
      return type.text(try cursor.number(width, "the value of \(TensorName(key).quoted)"))
    }
    if type == .string {
      return String(decoding: try cursor.text("the value of \(TensorName(key).quoted)"), as: UTF8.self)
    }
    if depth > 0 { nested = nested ?? key }
    guard depth < Self.depthLimit else {
      throw cursor.refusal(
        .ggufLimit, "arrays in arrays at most \(Self.depthLimit) deep", found: "deeper ones")
    }
    let element = try Self.type(&cursor, key)
    let count = try cursor.number(8, "the length of \(TensorName(key).quoted)")
    let (bytes, overflow) = count.multipliedReportingOverflow(by: element.least)
    try cursor.need(overflow ? .max : bytes, "the \(count) elements of \(TensorName(key).quoted)")
    let isListed = isShown && count <= UInt64(min(Self.shownCount, shownLeft))
    if isListed {
      shownLeft -= Int(count)
      var shown: [String] = []
      for _ in 0..<count {
        let text = try value(element, key, &cursor, depth: depth + 1, isShown: true)
        shown.append(element == .string ? TensorName(text).quoted : text)
      }
      return "[" + shown.joined(separator: ", ") + "]"
    }
    switch element {
    case .string: for _ in 0..<count { _ = try cursor.text("a text of \(TensorName(key).quoted)") }
    case .array:
      for _ in 0..<count { _ = try value(element, key, &cursor, depth: depth + 1, isShown: false) }
    default: try cursor.skip(bytes, "")
    }
    return isShown ? "[\(Int(count).grouped) of \(element.name)]" : ""
  }
}
