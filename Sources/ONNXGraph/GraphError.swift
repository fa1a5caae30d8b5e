public import ByteFiles

/// The reason why an ONNX file could not be read or written.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  /// Opening, reading or writing the file failed.
  case file(FileError)
  /// The file at `path` breaks a rule of the format, or a limit of ours, at `place`.
  case refused(ONNXRule, path: String, place: String, expected: String, found: String)

  /// The broken rule; nil if the operating system failed.
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

/// The rules by which an ONNX file is refused; their raw values are stable.
public enum ONNXRule: String, CaseIterable, Sendable {
  /// Bytes that are not a protobuf message: a bad key, a varint without end, a length that leaves its message.
  case wire = "onnx.wire"
  /// A field whose wire type differs from that of its number in ONNX.
  case fieldType = "onnx.field-type"
  /// A name that is not UTF-8, or that is longer than 64 KiB.
  case text = "onnx.text"
  /// Graphs within graphs, or types within types, more than 32 deep.
  case nesting = "onnx.nesting"
  /// More nodes, names or numbers than any model has (2,000,000).
  case count = "onnx.count"
  /// A message without a graph: not a model, or a damaged one.
  case noGraph = "onnx.no-graph"
  /// An element type that the format does not know, or one that a tensor cannot have.
  case dtype = "onnx.dtype"
  /// Dimensions that are negative, too many, or whose product overflows.
  case shape = "onnx.shape"
  /// More or fewer elements than the dimensions require, or elements in two fields.
  case data = "onnx.data"
  /// External data that is outside the model's folder, behind a link, or missing.
  case external = "onnx.external"
  /// A name that two values or tensors of one graph have, or a tensor without a name.
  case name = "onnx.name"
  /// An attribute without a type, or with a value of another type.
  case attribute = "onnx.attribute"
  /// A segmented tensor, which no tool writes.
  case segment = "onnx.segment"
}

/// Runs `body`, and wraps a `FileError` in this module's error.
func asGraph<Value>(_ body: () throws(FileError) -> Value) throws(GraphError) -> Value {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
