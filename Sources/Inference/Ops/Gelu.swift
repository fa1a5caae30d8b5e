internal import Glibc

/// y = x/2 · (1 + erf(x/√2)), or with `approximate` = "tanh": x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
///
/// x: floats of any shape → y: the same. Source: ONNX `Gelu`, version 20.
enum Gelu: Operator {
  static var since: Int { 20 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let isExact = try call.word("approximate", ["none", "tanh"], default: "none") == "none"
    return try Elementwise.map(call, kernel: isExact ? .gelu : .geluTanh) {
      isExact ? value($0) : approximation($0)
    }
  }

  static func value(_ x: Double) -> Double { 0.5 * x * (1 + erf(x * 0.5.squareRoot())) }

  static func approximation(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }
}
