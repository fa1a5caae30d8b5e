/// y = x as a matrix
///
/// x: any type, [d₀, …] → y: [d₀ · … · d_{axis−1}, d_axis · …] (axis: 1). Source: ONNX `Flatten`, versions 1, 9, 11,
/// 13, 21, 23, 24, 25.
enum Flatten: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    var axis = try call.int("axis") ?? 1
    guard axis >= -x.rank, axis <= x.rank else {
      throw OperatorError("an axis of -\(x.rank) to \(x.rank)", found: "\(axis)")
    }
    if axis < 0 { axis += x.rank }
    return [try x.reshaped([x.shape.prefix(axis).product, x.shape.dropFirst(axis).product])]
  }
}
