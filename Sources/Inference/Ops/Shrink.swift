internal import ONNXGraph

/// y = x + bias for x < −lambd, x − bias for x > lambd, otherwise 0 (bias: 0, lambd: 0.5)
///
/// x: numbers of any shape → y: the same, 0 for NaN; sums outside the range of an integer type become its nearest value. Source:
/// ONNX `Shrink`, version 9.
enum Shrink: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return [
      try x.type.visit(
        Shifted(
          call: call, x: x, bias: try call.float("bias") ?? 0, limit: try call.float("lambd") ?? 0.5))
    ]
  }

  private struct Shifted: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let bias: Double
    let limit: Double

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let y = try call.make(x.type, x.shape)
      let (from, to) = (x.values(T.self), y.values(T.self))
      for index in 0..<x.count {
        let value = from[index].wide
        let real = value.asDouble
        guard real < -limit || real > limit else {
          to[index] = T(narrowing: .zero)
          continue
        }
        let shift = real < -limit ? bias : -bias
        // Without a shift, a 64-bit integer keeps all its digits.
        to[index] = T(narrowing: shift == 0 ? value : T.Wide(clamping: real + shift))
      }
      return y
    }
  }
}
