internal import ONNXGraph

/// y = (x − mean) / √(var + epsilon) · scale + B, with mean and variance over `axis` (−1) and all axes after it
///
/// x: floats, [a.., b..]; scale, B: broadcast to [b..] (epsilon: 1e-5) → y: as x; mean and 1/√(var + epsilon): FLOAT,
/// [a.., 1..]. Source: ONNX `LayerNormalization`, version 17.
enum LayerNormalization: Operator {
  static var since: Int { 17 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? -1, rank: x.rank)
    let epsilon = try call.float("epsilon") ?? Double(1e-5 as Float)
    let shape = Array(x.shape[..<axis]) + [Int](repeating: 1, count: x.rank - axis)
    let (means, deviations) = (try call.make(.float, shape), try call.make(.float, shape))
    let (scale, shift) = (try call.input(1), call.optional(2))
    let extent = x.shape[axis...].product
    if let y = try FastLines.normalised(
      call, x, axis: axis, scale: scale, shift: shift, epsilon: epsilon, means: means, factors: deviations)
    {
      return [y, means, deviations]
    }
    var number = 0
    let normal = try Lines.map(call, x, extent: extent, inner: 1) { line in
      let (mean, variance) = Normalising.statistics(line)
      let factor = 1 / (variance + epsilon).squareRoot()
      for index in line.indices { line[index] = (line[index] - mean) * factor }
      means.values(Float.self)[number] = Float(mean)
      deviations.values(Float.self)[number] = Float(factor)
      number += 1
    }
    var y = try Elementwise.binary(Mul.self, call, normal, scale)
    if let shift { y = try Elementwise.binary(Add.self, call, y, shift) }
    guard y.shape == x.shape else {
      throw call.wrong(1, "a shape that broadcasts to x", found: shapeText(y.shape))
    }
    return [y, means, deviations]
  }
}
