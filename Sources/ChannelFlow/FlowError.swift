package import Inference
package import ONNXGraph

/// Why a plan does not fit a graph, or a graph cannot be followed.
package enum FlowError: Error, CustomStringConvertible {
  /// At `place` (a node, a tensor, an output).
  case refused(path: String, place: String, expected: String, found: String)
  case graph(GraphError)
  case inference(InferenceError)

  package var description: String {
    switch self {
    case .refused(let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    case .graph(let error): error.description
    case .inference(let error): error.description
    }
  }
}
