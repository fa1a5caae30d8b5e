import ONNXGraph

/// A writer that the closures of a table can share.
struct WireWriterBox {
  var writer: WireWriter
}

/// A model that must be refused, and words that the error must contain.
struct HostileGraph: CustomStringConvertible, Sendable {
  let label: String
  let words: [String]
  var opset = 17
  /// The limit of steps; nil for the program's own, which a model reaches after hours if it spends one by one.
  var stepLimit: Int?
  let graph: @Sendable (inout WireWriterBox) -> Void
  /// Adds functions and operator sets to the model.
  var functions: @Sendable (inout WireWriterBox) -> Void = { _ in }

  var description: String { label }
}
