/// A JSON value. Members stay in the order of the text, and whole numbers are exact.
public enum JSONValue: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number without fraction and exponent.
  case integer(Int64)
  /// A number with a fraction or exponent, or `-0`.
  case number(Double)
  /// Text; strings are compared by their UTF-8 bytes.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Members in order.
  case object(JSONObject)

  /// The kind of value as an error names it: "a string", "an object".
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: Hashable {
  /// Whether two values are equal; texts are compared byte for byte.
  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    // Bits are compared, so that a NaN equals itself.
    case (.number(let a), .number(let b)): a.bitPattern == b.bitPattern
    // String's own equality would also hold for canonically equivalent texts.
    case (.string(let a), .string(let b)): haveSameBytes(a, b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }

  /// Hashes the same parts that `==` compares.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value.bitPattern)
    case .string(let value): UTF8Key(value).hash(into: &hasher)
    case .array(let values): hasher.combine(values)
    case .object(let object): hasher.combine(object)
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// A text from a literal.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A whole number from a literal.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// `true` or `false` from a literal.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An array from a literal.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// `null` from the literal `nil`.
  public init(nilLiteral: ()) { self = .null }

  /// A whole number; every Int is in the range of JSON integers.
  public init(_ value: Int) { self = .integer(Int64(value)) }
}

/// Whether two texts have the same UTF-8 bytes. Comparing lengths and String's own comparison show most differences.
func haveSameBytes(_ a: String, _ b: String) -> Bool {
  a.utf8.count == b.utf8.count && a == b && a.utf8.elementsEqual(b.utf8)
}

/// A text that is equal to others with the same UTF-8 bytes.
struct UTF8Key: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: Self, b: Self) -> Bool { haveSameBytes(a.text, b.text) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(0xFF as UInt8)
  }
}
