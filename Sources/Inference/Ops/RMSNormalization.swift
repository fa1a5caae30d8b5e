internal import ONNXGraph

/// y = x / √(mean of x² + epsilon) · scale, the mean over `axis` (−1) and all axes after it
///
/// x: floats, [a.., b..]; scale: broadcasts to [b..] (epsilon: 1e-5) → y: as x. Source: ONNX `RMSNormalization`,
/// version 23.
enum RMSNormalization: Operator {
  static var since: Int { 23 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? -1, rank: x.rank)
    let epsilon = try call.float("epsilon") ?? Double(1e-5 as Float)
    let scale = try call.input(1)
    let unused = try call.make(.float, [x.shape[..<axis].product])
    if let y = try FastLines.normalised(
      call, x, axis: axis, scale: scale, shift: nil, epsilon: epsilon, centres: false, means: unused,
      factors: unused)
    {
      return [y]
    }
    let normal = try Lines.map(call, x, extent: x.shape[axis...].product, inner: 1) { line in
      let mean = line.reduce(0) { $0 + $1 * $1 } / Double(line.count)
      let factor = 1 / (mean + epsilon).squareRoot()
      for index in line.indices { line[index] *= factor }
    }
    let y = try Elementwise.binary(
      Mul.self, call, normal, try Casting.cast(call, scale, to: normal.type))
    guard y.shape == x.shape else {
      throw call.wrong(1, "a shape that broadcasts to x", found: shapeText(y.shape))
    }
    return [y]
  }
}
