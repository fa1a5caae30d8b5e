internal import ONNXGraph

extension LaneFunction {
  /// The function of one number that a node computes for each element of its first input; nil for other nodes.
  ///
  /// - Parameter number: the only number of a constant with at most this many dimensions.
  init?(_ node: Node, opset: Int, number: (String, _ rank: Int) -> Double?) {
    func float(_ name: String, _ missing: Float) -> Float? {
      switch node.attributes[name] {
      case nil: missing
      case .float(let value): value
      default: nil
      }
    }
    /// A bound of Clip: `missing` if it is not given, nil if it is unknown or NaN.
    func bound(_ place: Int, _ missing: Float) -> Float? {
      guard node.inputs.indices.contains(place), !node.inputs[place].isEmpty else { return missing }
      return number(node.inputs[place], 1).flatMap { $0.isNaN ? nil : Float($0) }
    }
    let inputs = node.inputs.count
    switch node.operation {
    case "Relu" where inputs == 1: self = .relu
    case "Sigmoid" where inputs == 1: self = .sigmoid
    case "Tanh" where inputs == 1: self = .tanh
    case "Erf" where inputs == 1: self = .erf
    case "Exp" where inputs == 1: self = .exp
    case "Sqrt" where inputs == 1: self = .sqrt
    case "Neg" where inputs == 1: self = .negative
    case "Abs" where inputs == 1: self = .absolute
    case "Reciprocal" where inputs == 1: self = .reciprocal
    case "HardSwish" where inputs == 1: self = .hardSwish
    case "LeakyRelu" where inputs == 1:
      guard let slope = float("alpha", 0.01) else { return nil }
      self = .leaky(slope: slope)
    case "HardSigmoid" where inputs == 1 && opset >= 6:
      guard let slope = float("alpha", 0.2), let shift = float("beta", 0.5) else { return nil }
      self = .hardSigmoid(slope: slope, shift: shift)
    case "Swish" where inputs == 1:
      guard let scale = float("alpha", 1) else { return nil }
      self = .swish(scale: scale)
    case "Gelu" where inputs == 1:
      switch node.attributes["approximate"] {
      case nil: self = .gelu
      case .string(let word) where word.elementsEqual("none".utf8): self = .gelu
      case .string(let word) where word.elementsEqual("tanh".utf8): self = .geluTanh
      default: return nil
      }
    case "Clip" where opset >= 11:
      guard let low = bound(1, -.infinity), let high = bound(2, .infinity) else { return nil }
      self = .clamp(low: low, high: high)
    case "Pow" where inputs == 2 && opset >= 7:
      // An exponent with more dimensions than x would add them to the result.
      switch number(node.inputs[1], 0) {
      case 2: self = .square
      case 0.5: self = .sqrt
      default: return nil
      }
    default: return nil
    }
  }
}
