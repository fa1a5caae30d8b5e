public import ByteFiles

/// The reason why a flat file could not be read or written.
public enum FlatFormatError: Error, Equatable, CustomStringConvertible {
  /// An error of the file as a whole: opening, reading or writing failed.
  case file(FileError)
  /// The file at `path` breaks a rule of its format, or exceeds a limit of this reader, at `place`.
  case refused(FlatFormatRule, path: String, place: String, expected: String, found: String)

  /// The rule that was broken; nil if the operating system reported the error.
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

/// Runs `body` and turns its `FileError` into a `FlatFormatError`.
func asFlatFormat<Value>(_ body: () throws(FileError) -> Value) throws(FlatFormatError) -> Value {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
