public import ByteFiles

/// Why an ONNX file could not be read or written.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  /// The file as a whole: opening, reading, writing.
  case file(FileError)
  /// A rule of the format, or a limit of ours, that the file at `path` breaks at `place`.
  case refused(ONNXRule, path: String, place: String, expected: String, found: String)

  /// The rule that was broken; nil where the operating system failed.
  public var rule: ONNXRule? {
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

/// The rules by which an ONNX file is refused; the raw values are stable.
public enum ONNXRule: String, CaseIterable, Sendable {
  /// Bytes that are no protobuf message: a bad key, a varint without end, a length that leaves its message.
  case wire = "onnx.wire"
  /// A field with another wire type than its number has in ONNX.
  case fieldType = "onnx.field-type"
  /// A name that is not UTF-8, or longer than a name can be.
  case text = "onnx.text"
  /// Graphs within graphs, or types within types, deeper than is wise to follow.
  case nesting = "onnx.nesting"
  /// More nodes, names or numbers than any model has.
  case count = "onnx.count"
  /// A message without its graph: no model, or a damaged one.
  case noGraph = "onnx.no-graph"
  /// An element type that the format does not know, or one that a tensor cannot have.
  case dtype = "onnx.dtype"
  /// Dimensions that are negative, too many, or whose product overflows.
  case shape = "onnx.shape"
  /// More or fewer elements than the dimensions say, or elements in two fields at once.
  case data = "onnx.data"
  /// External data that lie outside the model's folder, behind a link, or nowhere.
  case external = "onnx.external"
  /// Two values or tensors of one graph with one name, or a tensor without.
  case name = "onnx.name"
  /// An attribute without a type, or with a value of another.
  case attribute = "onnx.attribute"
  /// A segmented tensor, which no tool writes.
  case segment = "onnx.segment"
}

/// Runs `body` with the file's own error as a case of this module's.
func asGraph<Value>(_ body: () throws(FileError) -> Value) throws(GraphError) -> Value {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
