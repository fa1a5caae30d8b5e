/// The reason why a text is refused as TOML, with the place.
public enum TOMLError: Error, Hashable, Sendable {
  /// The text breaks the grammar, or has a value that no document of ours takes, such as a date.
  case syntax(JSONPlace, expected: String, found: String)
  /// A byte is not UTF-8.
  case encoding(JSONPlace, found: String)
  /// A key, or a table, is defined twice.
  case duplicateKey(JSONPlace, key: String, first: JSONPlace)
  /// A number fits neither a 64-bit integer nor a finite double.
  case numberOutOfRange(JSONPlace, found: String)
  /// Arrays and tables are nested more than `limit` deep.
  case tooDeep(JSONPlace, limit: Int)
  /// The text has more than `limit` bytes.
  case tooLarge(bytes: Int, limit: Int)
}

extension TOMLError: CustomStringConvertible {
  /// One sentence: the place, what was expected, what was found.
  public var description: String {
    switch self {
    case .syntax(let place, let expected, let found):
      "\(place.lineAndColumn): expected \(expected), found \(found)"
    case .encoding(let place, let found): "\(place.lineAndColumn): expected UTF-8, found \(found)"
    case .duplicateKey(let place, let key, let first):
      "\(place.lineAndColumn): expected each key once, found '\(TOMLError.shown(key))' again, "
        + "first defined in line \(first.line)"
    case .numberOutOfRange(let place, let found):
      "\(place.lineAndColumn): expected a 64-bit integer or a finite number, found \(found)"
    case .tooDeep(let place, let limit):
      "\(place.lineAndColumn): expected at most \(limit) levels of nesting, found more"
    case .tooLarge(let bytes, let limit): "expected at most \(limit) bytes of TOML, found \(bytes)"
    }
  }

  /// The start of a key, on one line; a key may be as long as the text.
  private static func shown(_ key: String) -> String {
    key.utf8.count > 60 ? JSONWriter.escaped(String(key.prefix(40))) + "…" : JSONWriter.escaped(key)
  }
}

extension JSONPlace {
  /// "line 3, column 7": editors show both; they rarely show the byte.
  public var lineAndColumn: String { "line \(line), column \(column)" }
}
