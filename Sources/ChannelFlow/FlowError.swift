package import Inference
package import ONNXGraph

/// Why a plan does not fit a graph, or a graph cannot be followed.
package enum FlowError: Error, CustomStringConvertible {
  /// At `place` (a node, a tensor, an output).
  case refused(path: String, place: String, expected: String, found: String)
  /// More channels in all than can be followed; other extents of the inputs would not help.
  case exhausted(path: String, place: String)
  /// The same at a node, by its number in the main graph.
  indirect case node(Int, FlowError)
  case graph(GraphError)
  case inference(InferenceError)

  package var description: String {
    switch self {
    case .refused(let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    case .exhausted(let path, let place):
      "\(path): \(place): expected channels that can be followed one by one, found more than \(FlowContext.labelLimit) in all"
    case .node(_, let error): error.description
    case .graph(let error): error.description
    case .inference(let error): error.description
    }
  }

  /// Whether nothing can be followed here, whatever is tried.
  package var isFinal: Bool {
    switch self {
    case .exhausted: true
    case .node(_, let error): error.isFinal
    default: false
    }
  }

  /// The node that refused, and its words without the file's name; nil where it was none.
  package var refusal: (node: Int, words: String)? {
    guard case .node(let node, .refused(_, let place, let expected, let found)) = self else { return nil }
    return (node, "\(place): expected \(expected), found \(found)")
  }
}
