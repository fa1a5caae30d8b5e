package import ONNXGraph

/// A value of a running model. An optional with an element is represented by the element.
package enum Value: Sendable {
  case tensor(Tensor)
  /// Tensors of one element type, in order.
  case sequence(TensorSequence)
  /// A map of `ai.onnx.ml`: `keys` are INT64 or STRING, [n], ascending and different; `values` has an element for each.
  indirect case map(keys: Tensor, values: Tensor)
  /// A sequence of maps with the same keys; each row has the values of one map.
  indirect case maps(keys: Tensor, rows: TensorSequence)
  /// An optional without an element.
  case empty
}

extension Value {
  /// The tensor; nil for another value.
  package var tensor: Tensor? { if case .tensor(let tensor) = self { tensor } else { nil } }

  /// All tensors that the value consists of.
  var tensors: [Tensor] {
    switch self {
    case .tensor(let tensor): [tensor]
    case .sequence(let sequence): sequence.tensors
    case .map(let keys, let values): [keys, values]
    case .maps(let keys, let rows): [keys] + rows.tensors
    case .empty: []
    }
  }

  /// The kind of the value, for messages.
  var words: String {
    switch self {
    case .tensor: "a tensor"
    case .sequence(let sequence): "a sequence of \(sequence.count) \(sequence.type.name) tensors"
    case .map(let keys, _): "a map of \(keys.count) keys"
    case .maps(_, let rows): "a sequence of \(rows.count) maps"
    case .empty: "an empty optional"
    }
  }
}
