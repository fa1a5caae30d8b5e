public import ByteFiles

/// The reason why a zip archive could not be read or written.
public enum ZipError: Error, Equatable {
  /// Opening, reading or writing the file failed.
  case file(FileError)
  /// The archive at `path` breaks a rule of the format at `place`, or exceeds a limit of this reader.
  case refused(ZipRule, path: String, place: String, expected: String, found: String)
}

/// Runs `body` and turns its `FileError` into a `ZipError`.
func asZip<Value>(_ body: () throws(FileError) -> Value) throws(ZipError) -> Value {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
