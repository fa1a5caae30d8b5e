/// y = (x − mean) / (√var + 1e-9), with mean and variance over `axes` ([0, 2, 3])
///
/// x: floats of any shape that has the axes → y: as x. The text lacks the term 1e-9; ONNX's function has it, so that a
/// constant gives 0. Source: ONNX `MeanVarianceNormalization`, versions 9, 13.
enum MeanVarianceNormalization: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axes = try call.axes(try call.ints("axes") ?? [0, 2, 3], rank: x.rank)
    // The axes of a line become the last ones, so that its elements are contiguous.
    let order = x.shape.indices.filter { !axes.contains($0) } + axes
    let strides = Layout.strides(x.shape)
    let (shape, moved) = (order.map { x.shape[$0] }, order.map { strides[$0] })
    let lines = try StridedCopy.gathered(call, x, shape: shape, offset: 0, strides: moved)
    let extent = axes.map { x.shape[$0] }.product
    let normal = try Lines.map(call, lines, extent: extent, inner: 1) { line in
      let (mean, variance) = Normalising.statistics(line)
      let deviation = variance.squareRoot() + Double(1e-9 as Float)
      for index in line.indices { line[index] = (line[index] - mean) / deviation }
    }
    let y = try call.make(x.type, x.shape)
    try StridedCopy.copy(
      shape: shape, from: normal, offset: 0, strides: Layout.strides(shape), to: y, targetOffset: 0,
      targetStrides: moved)
    return [y]
  }
}
