/// Where and why a text is not JSON as this project reads it, or a value cannot be written.
public enum JSONError: Error, Hashable, Sendable {
  /// The text breaks the grammar.
  case syntax(JSONPlace, expected: String, found: String)
  /// Bytes that are not UTF-8, a byte order mark included.
  case encoding(JSONPlace, found: String)
  /// Half of a surrogate pair, which is no character.
  case loneSurrogate(JSONPlace, found: String)
  /// Two members of an object have the same key.
  case duplicateKey(JSONPlace, key: String)
  /// A number that neither 64-bit integers nor finite doubles hold.
  case numberOutOfRange(JSONPlace, found: String)
  /// Arrays and objects inside one another, more than `limit` deep.
  case tooDeep(JSONPlace, limit: Int)
  /// A text of more than `limit` bytes.
  case tooLarge(bytes: Int, limit: Int)
  /// A value to write that is not finite; callers spell it as a string.
  case notFinite(path: String, found: String)
}

/// A place in a JSON text.
public struct JSONPlace: Hashable, Sendable {
  /// Bytes before the place.
  public let offset: Int
  /// The line, from 1.
  public let line: Int
  /// The byte within the line, from 1.
  public let column: Int

  /// A place.
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
    case .tooLarge(let bytes, let limit): "expected at most \(limit) bytes of JSON, found \(bytes)"
    case .notFinite(let path, let found): "\(path): expected a finite number, found \(found)"
    }
  }
}
