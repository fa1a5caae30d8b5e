internal import Glibc

/// y = x/2 · (1 + erf(x/√2)), or with `approximate` = "tanh": x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
///
/// x: floats of any shape → y: the same. Source: ONNX `Gelu`, version 20.
enum Gelu: Operator {
  static var since: Int { 20 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if try call.word("approximate", ["none", "tanh"], default: "none") == "none" {
      return try Elementwise.map(call, kernel: .gelu) { 0.5 * $0 * (1 + erf($0 * 0.5.squareRoot())) }
    }
    let factor = (2 / Double.pi).squareRoot()
    return try Elementwise.map(call, kernel: .geluTanh) {
      0.5 * $0 * (1 + tanh(factor * ($0 + 0.044715 * $0 * $0 * $0)))
    }
  }
}
