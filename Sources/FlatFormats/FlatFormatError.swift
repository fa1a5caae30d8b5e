public import ByteFiles

/// Why a flat file could not be read or written.
public enum FlatFormatError: Error, Equatable, CustomStringConvertible {
  /// The file as a whole: opening, reading, writing.
  case file(FileError)
  /// A rule of the format, or a limit of ours, that the file at `path` breaks at `place`.
  case refused(FlatFormatRule, path: String, place: String, expected: String, found: String)

  /// The rule that was broken; nil where the operating system failed.
  public var rule: FlatFormatRule? {
    if case .refused(let rule, _, _, _, _) = self { rule } else { nil }
  }

  /// One sentence: file, place, expected, found.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .refused(_, let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    }
  }
}

/// Runs `body` with the file's own error as a case of this module's.
func asFlatFormat<Value>(_ body: () throws(FileError) -> Value) throws(FlatFormatError) -> Value {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
