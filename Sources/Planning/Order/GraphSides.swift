package import ONNXGraph
internal import Tensors

/// What the nodes of a graph do with the channels of their weights: convolutions and products of matrices.
package struct GraphSides {
  /// The dimensions of each weight.
  private var sides: [String: [Int: Side]] = [:]

  enum Side {
    case makes
    case reads(value: String)
  }

  /// For each value that a weight reads, the dimension with its channels; −1 is the last one.
  package private(set) var values: [String: Int] = [:]

  package init(_ graph: Graph) {
    // The weight behind a value with the same dimensions. A slice may leave out channels, which `side` notices.
    var sources: [String: String] = [:]
    for node in graph.nodes where node.domain.isEmpty {
      if ["Identity", "Cast", "Slice"].contains(node.operation), let name = node.inputs.first,
        let output = node.outputs.first
      {
        sources[output] = sources[name] ?? name
      }
    }
    for node in graph.nodes where node.domain.isEmpty && node.inputs.count > 1 {
      let (data, weight) = (node.inputs[0], sources[node.inputs[1]] ?? node.inputs[1])
      switch node.operation {
      case "Conv":
        // A depthwise convolution neither makes nor reads channels of its own.
        if node.int("group") ?? 1 == 1 { add(weight, makes: 0, reads: 1, of: data, at: 1) }
      case "ConvTranspose":
        if node.int("group") ?? 1 == 1 { add(weight, makes: 1, reads: 0, of: data, at: 1) }
      case "MatMul": add(weight, makes: 1, reads: 0, of: data, at: -1)
      case "Gemm":
        if node.int("transA") ?? 0 == 0 {
          let isTransposed = node.int("transB") ?? 0 != 0
          add(weight, makes: isTransposed ? 0 : 1, reads: isTransposed ? 1 : 0, of: data, at: -1)
        }
      default: break
      }
    }
  }

  private mutating func add(_ weight: String, makes: Int, reads: Int, of value: String, at dimension: Int) {
    if sides[weight] != nil { return }
    sides[weight] = [makes: .makes, reads: .reads(value: value)]
    values[value] = dimension
  }

  /// What a weight does with the channels on a dimension; nil if no node is known to make or read them.
  ///
  /// - Parameter means: the mean squares of the channels of values.
  func side(of tensor: TensorSpec, dimension: Int, _ means: [String: [Double]]?) -> ChannelSide? {
    switch sides[tensor.name.text]?[dimension] {
    case nil: nil
    case .makes?: .makes
    case .reads(let value)?:
      if let means {
        means[value].flatMap { $0.count == tensor.shape[dimension] ? .reads(means: $0) : nil }
      } else {
        .reads(means: nil)
      }
    }
  }
}

extension Node {
  fileprivate func int(_ name: String) -> Int64? {
    if case .int(let number)? = attributes[name] { number } else { nil }
  }
}
