public import ByteFiles

/// The reason why an ONNX file could not be read or written.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  /// Opening, reading or writing the file failed.
  case file(FileError)
  /// The file at `path` breaks a rule of the format at `place`, or exceeds a limit of this reader.
  case refused(ONNXRule, path: String, place: String, expected: String, found: String)

  /// The broken rule; nil if the operating system reported the error.
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
  /// The bytes are not a protobuf message: a bad key, a varint without end, a length that exceeds its message.
  case wire = "onnx.wire"
  /// A field has another wire type than ONNX gives its number.
  case fieldType = "onnx.field-type"
  /// A name that is not UTF-8, or that is longer than 64 KiB.
  case text = "onnx.text"
  /// Graphs or types are nested more than 32 deep.
  case nesting = "onnx.nesting"
  /// More nodes, names or numbers than any model has (2,000,000).
  case count = "onnx.count"
  /// The message has no graph: it is not a model, or it is damaged.
  case noGraph = "onnx.no-graph"
  /// An element type that the format does not have, or that a tensor cannot have.
  case dtype = "onnx.dtype"
  /// Dimensions that are negative, too many, or whose product overflows.
  case shape = "onnx.shape"
  /// More or fewer elements than the dimensions require, or elements in two fields.
  case data = "onnx.data"
  /// External data are outside the model's folder, behind a link, or missing.
  case external = "onnx.external"
  /// Two values or tensors of one graph have the same name, or a tensor has none.
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
