/// The reason why a text is refused as JSON, with the place; or why a value cannot be written.
public enum JSONError: Error, Hashable, Sendable {
  /// The text breaks the grammar.
  case syntax(JSONPlace, expected: String, found: String)
  /// Some bytes are not UTF-8, or the text begins with a byte order mark.
  case encoding(JSONPlace, found: String)
  /// An escape is half of a surrogate pair, which is not a character.
  case loneSurrogate(JSONPlace, found: String)
  /// Two members of an object have the same key.
  case duplicateKey(JSONPlace, key: String)
  /// A number fits neither a 64-bit integer nor a finite double.
  case numberOutOfRange(JSONPlace, found: String)
  /// Arrays and objects are nested more than `limit` deep.
  case tooDeep(JSONPlace, limit: Int)
  /// There are more than `limit` values.
  case tooMany(JSONPlace, limit: Int)
  /// The text has more than `limit` bytes.
  case tooLarge(bytes: Int, limit: Int)
  /// The value to write is not finite; callers write such a value as a string.
  case notFinite(path: String, found: String)
}

/// A place in a JSON text.
public struct JSONPlace: Hashable, Sendable {
  /// The number of bytes before the place.
  public let offset: Int
  /// The line, from 1.
  public let line: Int
  /// The byte within the line, from 1.
  public let column: Int

  /// A place; lines and columns count from 1, `offset` from 0.
  public init(offset: Int, line: Int, column: Int) {
    self.offset = offset
    self.line = line
    self.column = column
  }
}

extension JSONPlace: CustomStringConvertible {
  /// "line 3, column 7 (byte 41)".
  public var description: String { "line \(line), column \(column) (byte \(offset))" }
}

extension JSONError: CustomStringConvertible {
  /// One sentence: the place, what was expected, what was found.
  public var description: String {
    switch self {
    case .syntax(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
    case .encoding(let place, let found): "\(place): expected UTF-8 without a byte order mark, found \(found)"
    case .loneSurrogate(let place, let found):
      "\(place): expected both halves of a surrogate pair, found \(found) alone"
    case .duplicateKey(let place, let key):
      "\(place): expected each key once in an object, found '\(JSONWriter.escaped(key))' again"
    case .numberOutOfRange(let place, let found):
      "\(place): expected a 64-bit integer or a finite number, found \(found)"
    case .tooDeep(let place, let limit): "\(place): expected at most \(limit) levels of nesting, found more"
    case .tooMany(let place, let limit): "\(place): expected at most \(limit) values, found more"
    case .tooLarge(let bytes, let limit): "expected at most \(limit) bytes of JSON, found \(bytes)"
    case .notFinite(let path, let found): "\(path): expected a finite number, found \(found)"
    }
  }
}
