package import ONNXGraph
package import Tensors

/// What the nodes of a graph do with the channels of their weights: convolutions and products of matrices.
package struct GraphSides {
  /// The dimensions of each weight.
  private var sides: [String: [Int: Side]] = [:]

  private enum Side {
    case makes
    /// Paths of several tasks can read with the same weight.
    case reads(values: [String])
    case scales
  }

  /// For each value that a weight reads, the dimension with its channels; −1 is the last one.
  package private(set) var values: [String: Int] = [:]

  package init(_ graph: Graph) {
    // The weight behind a value, and whether its two dimensions are exchanged. A slice may leave out channels, which
    // `side` notices.
    var sources: [String: (weight: String, isTransposed: Bool)] = [:]
    func source(_ name: String) -> (weight: String, isTransposed: Bool) { sources[name] ?? (name, false) }
    for node in graph.nodes where node.domain.isEmpty {
      guard let name = node.inputs.first, let output = node.outputs.first else { continue }
      let (weight, isTransposed) = source(name)
      switch node.operation {
      case "Identity", "Cast", "Slice": sources[output] = (weight, isTransposed)
      case "Transpose" where node.ints("perm").map({ $0 == [1, 0] }) ?? true:
        sources[output] = (weight, !isTransposed)
      default: break
      }
    }
    for node in graph.nodes where ["", "com.microsoft"].contains(node.domain) && node.inputs.count > 1 {
      let data = node.inputs[0]
      let (weight, isTransposed) = source(node.inputs[1])
      switch node.operation {
      case "Conv" where !isTransposed, "FusedConv" where !isTransposed:
        // A depthwise convolution neither makes nor reads channels of its own.
        if node.int("group") ?? 1 == 1 { add(weight, makes: 0, of: data, at: 1) }
      case "ConvTranspose" where !isTransposed:
        if node.int("group") ?? 1 == 1 { add(weight, makes: 1, of: data, at: 1) }
      case "MatMul": add(weight, makes: isTransposed ? 0 : 1, of: data, at: -1)
      case "Gemm", "FusedGemm", "FusedMatMul", "TransposeMatMul":
        if ["transA", "transBatchA", "transBatchB"].allSatisfy({ node.int($0) ?? 0 == 0 }) {
          add(weight, makes: isTransposed == (node.int("transB") ?? 0 == 0) ? 0 : 1, of: data, at: -1)
        }
      case "BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization",
        "RMSNormalization":
        if sides[weight] == nil { sides[weight] = [0: .scales] }
      default: break
      }
    }
  }

  /// Notes a weight that makes channels on one of its first two dimensions, and reads those of `value` on the other.
  private mutating func add(_ weight: String, makes: Int, of value: String, at dimension: Int) {
    let reads = 1 - makes
    switch sides[weight]?[reads] {
    case nil where sides[weight] == nil: sides[weight] = [makes: .makes, reads: .reads(values: [value])]
    case .reads(let values)?: sides[weight]?[reads] = .reads(values: values + [value])
    default: return
    }
    values[value] = dimension
  }

  /// What a weight does with the channels on a dimension; nil if no node is known to make or read them.
  ///
  /// - Parameters:
  ///   - name: the tensor's name in the graph, if it has another one there.
  ///   - means: the mean squares of the channels of values.
  package func side(
    of tensor: TensorSpec, named name: String? = nil, dimension: Int, _ means: [String: [Double]]?
  ) -> ChannelSide? {
    switch sides[name ?? tensor.name.text]?[dimension] {
    case nil: nil
    case .makes?: .makes
    case .scales?: .scales
    case .reads(let values)?:
      if let means {
        // Values of other tasks' paths were not computed.
        values.compactMap { means[$0] }.filter { $0.count == tensor.shape[dimension] }
          .reduce(nil) { sum, more in sum.map { zip($0, more).map { $0 + $1 } } ?? more }
          .map { .reads(means: $0) }
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

  fileprivate func ints(_ name: String) -> [Int64]? {
    if case .ints(let numbers)? = attributes[name] { numbers } else { nil }
  }
}
