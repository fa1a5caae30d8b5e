internal import Glibc

/// y = x / (bias + alpha/size · Σ x²)^beta, the sum over a window of `size` channels
///
/// x: floats, [N, C, …]; the window has ⌊(size − 1)/2⌋ channels before x's channel and ⌈(size − 1)/2⌉ after it (alpha:
/// 0.0001, beta: 0.75, bias: 1) → y: as x. Source: ONNX `LRN`, versions 1, 13.
enum LRN: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    guard let size = try call.int("size"), size >= 1 else { throw call.wrongAttribute("size", "1 or more") }
    let rule = Rule(
      size: size, alpha: try call.float("alpha") ?? Double(0.0001 as Float),
      beta: try call.float("beta") ?? 0.75,
      bias: try call.float("bias") ?? 1)
    return [try x.type.visitFloats(Normalise(call: call, x: x, rule: rule))]
  }

  private struct Rule {
    let size: Int
    let alpha: Double
    let beta: Double
    let bias: Double
  }

  private struct Normalise: FloatVisitor {
    let call: OperatorCall
    let x: Tensor
    let rule: Rule

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let y = try call.make(x.type, x.shape)
      let (from, to) = (x.values(T.self), y.values(T.self))
      let (channels, plane) = (x.shape[1], x.shape[2...].product)
      try call.budget.spend(x.count, min(rule.size, channels))
      let (back, on) = ((rule.size - 1) / 2, rule.size - 1 - (rule.size - 1) / 2)
      for index in 0..<x.count {
        let channel = index / plane % channels
        var sum = 0.0
        // The window is clamped to the channels that exist.
        for other in max(0, channel - back)...min(channels - 1, channel + min(on, channels)) {
          let value = from[index + (other - channel) * plane].wide
          sum += value * value
        }
        to[index] = T(
          narrowing: from[index].wide / pow(rule.bias + rule.alpha / Double(rule.size) * sum, rule.beta))
      }
      return y
    }
  }
}
