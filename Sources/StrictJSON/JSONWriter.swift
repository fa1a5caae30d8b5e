/// Writes JSON: always the same bytes for the same value.
public struct JSONWriter: Sendable {
  /// The layout of written values.
  public enum Layout: Sendable {
    /// No unnecessary bytes, and no newline at the end.
    case compact
    /// Two spaces for each level, short lists of scalars on one line, and a newline at the end.
    case pretty
  }

  private let layout: Layout
  private var text: [UInt8] = []

  private init(layout: Layout) { self.layout = layout }

  /// A value as JSON text. Throws `JSONError.notFinite` for numbers that JSON does not have.
  public static func text(_ value: JSONValue, layout: Layout = .pretty) throws(JSONError) -> String {
    String(decoding: try bytes(value, layout: layout), as: UTF8.self)
  }

  /// A value as UTF-8 bytes of JSON. Throws `JSONError.notFinite` for numbers that JSON does not have.
  public static func bytes(_ value: JSONValue, layout: Layout = .pretty) throws(JSONError) -> [UInt8] {
    var writer = JSONWriter(layout: layout)
    try writer.write(value, indent: 0, path: "")
    if layout == .pretty { writer.text.append(0x0A) }
    return writer.text
  }

  /// Lists of scalars of at most this many columns stay on one line; longer ones fill several lines.
  private static let width = 100

  private mutating func write(_ value: JSONValue, indent: Int, path: String) throws(JSONError) {
    switch value {
    case .array(let values) where !values.isEmpty: try write(values, indent: indent, path: path)
    case .object(let object) where !object.isEmpty: try write(object, indent: indent, path: path)
    default: text.append(contentsOf: try scalar(value, path: path).utf8)
    }
  }

  private func scalar(_ value: JSONValue, path: String) throws(JSONError) -> String {
    switch value {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .integer(let number): return String(number)
    case .number(let number):
      if !number.isFinite { throw .notFinite(path: path.isEmpty ? "value" : path, found: "\(number)") }
      return "\(number)"
    case .string(let string): return "\"" + JSONWriter.escaped(string) + "\""
    case .array: return "[]"
    case .object: return "{}"
    }
  }

  private mutating func write(_ values: [JSONValue], indent: Int, path: String) throws(JSONError) {
    text.append(UInt8(ascii: "["))
    if layout == .pretty, values.allSatisfy(\.isScalar) {
      try fill(values, indent: indent, path: path)
    } else {
      for (index, value) in values.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        newline(indent + 1)
        try write(value, indent: indent + 1, path: "\(path)[\(index)]")
      }
      newline(indent)
    }
    text.append(UInt8(ascii: "]"))
  }

  /// Writes scalars on one line if they fit; otherwise with as many on each line as fit.
  private mutating func fill(_ values: [JSONValue], indent: Int, path: String) throws(JSONError) {
    var items: [String] = []
    for (index, value) in values.enumerated() { items.append(try scalar(value, path: "\(path)[\(index)]")) }
    if items.reduce(indent * 2, { $0 + $1.utf8.count + 2 }) <= JSONWriter.width {
      text.append(contentsOf: items.joined(separator: ", ").utf8)
      return
    }
    var column = 0
    for (index, item) in items.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      if index == 0 || column + item.utf8.count + 2 > JSONWriter.width {
        newline(indent + 1)
        column = (indent + 1) * 2
      } else {
        text.append(UInt8(ascii: " "))
        column += 1
      }
      text.append(contentsOf: item.utf8)
      column += item.utf8.count + 1
    }
    newline(indent)
  }

  private mutating func write(_ object: JSONObject, indent: Int, path: String) throws(JSONError) {
    text.append(UInt8(ascii: "{"))
    for (index, member) in object.members.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      newline(indent + 1)
      text.append(contentsOf: "\"\(JSONWriter.escaped(member.key))\":".utf8)
      if layout == .pretty { text.append(UInt8(ascii: " ")) }
      let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
      try write(member.value, indent: indent + 1, path: inner)
    }
    newline(indent)
    text.append(UInt8(ascii: "}"))
  }

  private mutating func newline(_ indent: Int) {
    guard layout == .pretty else { return }
    text.append(0x0A)
    for _ in 0..<indent { text.append(contentsOf: [0x20, 0x20]) }
  }

  /// The text between the quotes in JSON; only characters that must be escaped are escaped.
  public static func escaped(_ string: String) -> String {
    guard string.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F }) else {
      return string
    }
    var text = ""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension JSONValue {
  /// Whether the value is neither an array nor an object.
  fileprivate var isScalar: Bool {
    switch self {
    case .array(let values): values.isEmpty
    case .object(let object): object.isEmpty
    default: true
    }
  }
}
