/// y = (x − mean) / √(var + epsilon) · scale + B, with mean and variance for each sample and channel
///
/// x: floats, [N, C, …]; scale, B: [C] (epsilon: 1e-5) → y: as x. Source: ONNX `InstanceNormalization`, versions 1, 6,
/// 22.
enum InstanceNormalization: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 3 else { throw call.wrong(0, "three dimensions or more", found: shapeText(x.shape)) }
    let scale = try call.reals(1, count: x.shape[1])
    let shift = try call.reals(2, count: x.shape[1])
    let epsilon = try call.float("epsilon") ?? Double(1e-5 as Float)
    var channel = -1
    let y = try Lines.map(call, x, extent: x.shape[2...].product, inner: 1) { line in
      channel = (channel + 1) % scale.count
      Normalising.normalise(&line, epsilon)
      for index in line.indices { line[index] = line[index] * scale[channel] + shift[channel] }
    }
    return [y]
  }
}
