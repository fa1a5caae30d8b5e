internal import ONNXGraph

/// y = (s − mean) / √(var + epsilon) · gamma + beta for s = x + skip + bias, with mean and variance over the last axis
///
/// x: floats, [B, S, n] or [S, n]; skip: broadcasts to x; gamma, beta (0), bias (0): [n] (epsilon: 1e-12) → y: as x; mean
/// and 1/√(var + epsilon): FLOAT, [.., 1]; s: as x. Source: ONNX Runtime `SkipLayerNormalization`, version 1.
enum SkipLayerNormalization: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try normalised(call, bias: 4, shift: call.optional(3), isCentred: true)
  }

  static func normalised(
    _ call: OperatorCall, bias: Int, shift: Tensor?, isCentred: Bool
  ) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 1 else { throw call.wrong(0, "a dimension or more", found: shapeText(x.shape)) }
    // The sum is rounded once, too.
    let wide: ElementType = x.type == .double ? .double : .float
    var sum = try Casting.cast(call, x, to: wide)
    for index in [1, bias] {
      guard let other = call.optional(index) else { continue }
      sum = try Elementwise.binary(Add.self, call, sum, try Casting.cast(call, other, to: wide))
      guard sum.shape == x.shape else {
        throw call.wrong(
          index, "a shape that broadcasts to \(shapeText(x.shape))", found: shapeText(other.shape))
      }
    }
    let results = try Normalising.layers(
      call, sum, axis: x.rank - 1, epsilon: try call.epsilon(default: 1e-12), scale: try call.input(2),
      shift: shift, isCentred: isCentred, as: x.type)
    return results + [try Casting.cast(call, sum, to: x.type)]
  }
}
