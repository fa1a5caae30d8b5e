package import Inference
package import ONNXGraph
internal import Tensors

/// The reason why a plan does not fit a graph, or a graph cannot be followed.
package enum FlowError: Error, CustomStringConvertible {
  /// A problem at `place` (a node, a tensor, an output).
  case refused(path: String, place: String, expected: String, found: String)
  /// The channels are too many to follow in total. Other extents of the inputs would not change this.
  case exhausted(path: String, place: String)
  /// An error at the node with this number in the main graph.
  indirect case node(Int, FlowError)
  case graph(GraphError)
  case inference(InferenceError)

  package var description: String {
    switch self {
    case .refused(let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    case .exhausted(let path, let place):
      "\(path): \(place): expected at most \(FlowContext.labelLimit.grouped) channels to follow, found more"
    case .node(_, let error): error.description
    case .graph(let error): error.description
    case .inference(let error): error.description
    }
  }

  /// Whether the graph cannot be followed under any plan or extents.
  package var isFinal: Bool {
    switch self {
    case .exhausted: true
    case .node(_, let error): error.isFinal
    default: false
    }
  }

  /// The node that refused, and the message without the file's name; nil for other errors.
  package var refusal: (node: Int, words: String)? {
    guard case .node(let node, .refused(_, let place, let expected, let found)) = self else { return nil }
    return (node, "\(place): expected \(expected), found \(found)")
  }
}
