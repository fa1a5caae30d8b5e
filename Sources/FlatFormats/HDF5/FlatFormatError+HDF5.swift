internal import ByteFiles
internal import HDF5Kit

extension FlatFormatError {
  init(_ error: HDF5Error) {
    switch error {
    case .file(let error): self = .file(error)
    case .malformed(let file, _, _, _), .missing(let file, _), .mismatch(let file, _, _, _),
      .outside(let file, _, _, _, _):
      self.init(.hdf5Structure, file, error)
    case .unsupported(let file, _, _): self.init(.hdf5Feature, file, error)
    case .limit(let file, _, _, _): self.init(.hdf5Limit, file, error)
    case .library(let call, let message):
      self = .file(FileError(action: "write", path: "HDF5 (\(call))", reason: message))
    }
  }

  private init(_ rule: FlatFormatRule, _ file: String, _ error: HDF5Error) {
    let (expected, found) = error.expectedAndFound
    self = .refused(
      rule, path: file, place: error.place ?? "the file", expected: expected, found: found)
  }
}

/// Runs `body` and turns its `HDF5Error` into a `FlatFormatError`.
func asFlatFormat<Value>(_ body: () throws(HDF5Error) -> Value) throws(FlatFormatError) -> Value {
  do throws(HDF5Error) { return try body() } catch { throw FlatFormatError(error) }
}
