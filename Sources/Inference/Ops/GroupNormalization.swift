/// y = (x − mean) / √(var + epsilon) · scale + bias, with mean and variance for each sample and group of channels
///
/// x: floats, [N, C, …], in `num_groups` groups of neighbouring channels; scale, bias: [C], in version 18 [groups]
/// (epsilon: 1e-5) → y: as x. Source: ONNX `GroupNormalization`, versions 18, 21.
enum GroupNormalization: Operator {
  static var since: Int { 18 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    let channels = x.shape[1]
    guard let groups = try call.int("num_groups"), groups >= 1, channels % groups == 0, channels > 0 else {
      throw call.wrongAttribute("num_groups", "a divisor of \(channels) channels")
    }
    let perGroup = channels / groups
    let scale = try call.reals(1, count: call.opset < 21 ? groups : channels)
    let shift = try call.reals(2, count: call.opset < 21 ? groups : channels)
    let epsilon = try call.float("epsilon") ?? Double(1e-5 as Float)
    let plane = x.shape[2...].product
    var group = -1
    let isPerGroup = call.opset < 21
    let y = try Lines.map(call, x, extent: perGroup * plane, inner: 1) { line in
      group = (group + 1) % groups
      Normalising.normalise(&line, epsilon)
      for index in line.indices {
        let place = isPerGroup ? group : group * perGroup + index / plane
        line[index] = line[index] * scale[place] + shift[place]
      }
    }
    return [y]
  }
}
