internal import Glibc
internal import ONNXGraph

/// The `activation` of an operator that ONNX Runtime has fused with the node after it.
struct FusedActivation {
  let function: (Double) -> Double
  /// The same function for a backend that fuses; nil if it has none.
  let fast: LaneFunction?

  /// `parameters`: those of the function, in the order alpha, beta, gamma, or minimum and maximum; missing ones have the
  /// defaults of ONNX's operator of this name.
  init?(_ name: String, _ parameters: [Double]) {
    func parameter(_ index: Int, _ missing: Double) -> Double {
      parameters.indices.contains(index) ? parameters[index] : missing
    }
    switch name {
    case "": (function, fast) = ({ $0 }, .identity)
    case "Relu": (function, fast) = ({ $0 < 0 ? 0 : $0 }, .relu)
    case "Clip":
      let (low, high) = (parameter(0, -.infinity), parameter(1, .infinity))
      (function, fast) = ({ $0.clamped(low, high) }, .clamp(low: Float(low), high: Float(high)))
    case "LeakyRelu":
      let alpha = parameter(0, 0.01)
      (function, fast) = ({ $0 < 0 ? alpha * $0 : $0 }, .leaky(slope: Float(alpha)))
    case "HardSwish": (function, fast) = ({ $0 * ($0 / 6 + 0.5).clamped(0, 1) }, .hardSwish)
    case "HardSigmoid":
      let (alpha, beta) = (parameter(0, 0.2), parameter(1, 0.5))
      (function, fast) = (
        { (alpha * $0 + beta).clamped(0, 1) }, .hardSigmoid(slope: Float(alpha), shift: Float(beta))
      )
    case "Sigmoid": (function, fast) = (Sigmoid.value, .sigmoid)
    case "Tanh": (function, fast) = ({ tanh($0) }, .tanh)
    case "Softplus": (function, fast) = (Softplus.value, nil)
    case "Softsign": (function, fast) = ({ $0 / (1 + $0.magnitude) }, nil)
    case "Elu":
      let alpha = parameter(0, 1)
      (function, fast) = ({ $0 < 0 ? alpha * expm1($0) : $0 }, nil)
    case "ThresholdedRelu":
      let alpha = parameter(0, 1)
      (function, fast) = ({ $0 > alpha ? $0 : 0 }, nil)
    default: return nil
    }
  }

  /// Reads the name in `activation`.
  init(_ call: OperatorCall, _ parameters: [Double]) throws(OperatorError) {
    let name = try call.string("activation") ?? ""
    guard let known = FusedActivation(name, parameters) else {
      throw OperatorError(
        "an activation that ONNX Runtime fuses", found: quoted(name), subject: "attribute 'activation'",
        kind: .unsupported)
    }
    self = known
  }

  /// Applies the function to each element.
  func applied(_ call: OperatorCall, to y: Tensor) throws(OperatorError) -> Tensor {
    fast == .identity ? y : try Elementwise.map(call, y, kernel: fast, function)
  }
}
