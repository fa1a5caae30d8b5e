/// y[i_{p₀}, i_{p₁}, …] = x[i₀, i₁, …], where p = `perm` (default: the axes reversed)
///
/// x: any type, [d₀, d₁, …] → y: [d_{p₀}, d_{p₁}, …]. Source: ONNX `Transpose`, versions 1, 13, 21, 23, 24, 25.
enum Transpose: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let order = try call.ints("perm") ?? Array(x.shape.indices.reversed())
    guard order.sorted() == Array(x.shape.indices) else {
      throw OperatorError(
        "each of \(x.rank) axes once", found: shapeText(order), subject: "attribute 'perm'")
    }
    return [try transposed(call, x, order)]
  }

  /// The axes of x in this order; each occurs once.
  static func transposed(_ call: OperatorCall, _ x: Tensor, _ order: [Int]) throws(OperatorError) -> Tensor {
    let strides = Layout.strides(x.shape)
    return try StridedCopy.gathered(
      call, x, shape: order.map { x.shape[$0] }, offset: 0, strides: order.map { strides[$0] })
  }
}
