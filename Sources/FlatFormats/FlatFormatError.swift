public import ByteFiles
internal import ONNXGraph
internal import Zip

/// The reason why a flat file could not be read or written.
public enum FlatFormatError: Error, Equatable, CustomStringConvertible {
  /// An error of the file as a whole: opening, reading or writing failed.
  case file(FileError)
  /// The file at `path` breaks a rule at `place`, or exceeds a limit of this reader.
  case broken(FlatDefect, path: String, place: String, expected: String, found: String)

  /// The file breaks a rule of its format, not one of its container.
  static func refused(
    _ rule: FlatFormatRule, path: String, place: String, expected: String, found: String
  ) -> FlatFormatError {
    .broken(.format(rule), path: path, place: place, expected: expected, found: found)
  }

  init(_ error: ZipError) {
    switch error {
    case .file(let error): self = .file(error)
    case .refused(let rule, let path, let place, let expected, let found):
      self = .broken(.zip(rule), path: path, place: place, expected: expected, found: found)
    }
  }

  init(_ error: GraphError) {
    switch error {
    case .file(let error): self = .file(error)
    case .refused(let rule, let path, let place, let expected, let found):
      self = .broken(.graph(rule), path: path, place: place, expected: expected, found: found)
    }
  }

  /// The rule that was broken; nil if the operating system reported the error.
  public var defect: FlatDefect? {
    if case .broken(let defect, _, _, _, _) = self { defect } else { nil }
  }

  /// One sentence: file, place, expected, found.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .broken(_, let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    }
  }
}

/// Runs `body` and turns its `FileError` into a `FlatFormatError`.
func asFlatFormat<Value>(_ body: () throws(FileError) -> Value) throws(FlatFormatError) -> Value {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}

/// Runs `body` and turns its `ZipError` into a `FlatFormatError`.
func asFlatFormat<Value>(_ body: () throws(ZipError) -> Value) throws(FlatFormatError) -> Value {
  do throws(ZipError) { return try body() } catch { throw FlatFormatError(error) }
}

/// Runs `body` and turns its `GraphError` into a `FlatFormatError`.
func asFlatFormat<Value>(_ body: () throws(GraphError) -> Value) throws(FlatFormatError) -> Value {
  do throws(GraphError) { return try body() } catch { throw FlatFormatError(error) }
}
