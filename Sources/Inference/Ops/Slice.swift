internal import ONNXGraph

/// y[i, …] = x[start + i · step, …] along each of `axes` (default: all, in order)
///
/// x: any type and shape. starts, ends, axes, steps: attributes before version 10 (without steps), inputs since then.
/// Negative starts and ends count from the back; then they are clamped to the axis. A negative step goes backwards. y:
/// the elements from each start to before its end. Source: ONNX `Slice`, versions 1, 10, 11, 13.
enum Slice: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let isOld = call.opset < 10
    guard let starts = isOld ? try call.ints("starts") : try call.integers(1),
      let ends = isOld ? try call.ints("ends") : try call.integers(2)
    else { throw OperatorError("starts and ends", found: "none") }
    let axes = try call.axes(
      (isOld ? try call.ints("axes") : try call.integers(3)) ?? Array(0..<starts.count), rank: x.rank)
    let steps = (isOld ? nil : try call.integers(4)) ?? starts.map { _ in 1 }
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count else {
      throw OperatorError(
        "as many ends, axes and steps as starts (\(starts.count))",
        found: "\(ends.count), \(axes.count) and \(steps.count)")
    }
    var (shape, strides, offset) = (x.shape, Layout.strides(x.shape), 0)
    for (index, axis) in axes.enumerated() {
      let (step, extent) = (steps[index], x.shape[axis])
      guard step != 0, step != .min else { throw OperatorError("steps other than 0", found: "\(step)") }
      let high = step > 0 ? extent : extent - 1
      // Backwards, only an end can be before the axis: a start there is its first element, unlike NumPy's.
      let start = clamped(starts[index], extent, 0, high)
      let end = clamped(ends[index], extent, step > 0 ? 0 : -1, high)
      let span = step > 0 ? end - start : start - end
      let size = step.magnitude
      shape[axis] = span <= 0 ? 0 : Int((UInt(span) - 1) / size) + 1
      if shape[axis] == 0 { continue }
      offset += start * strides[axis]
      // For one element the step has no effect, and may be any number.
      strides[axis] = shape[axis] == 1 ? 0 : strides[axis] * step
    }
    return [try StridedCopy.gathered(call, x, shape: shape, offset: offset, strides: strides)]
  }

  private static func clamped(_ index: Int, _ extent: Int, _ low: Int, _ high: Int) -> Int {
    // The extent is added only to a negative index, so indices near the limits of 64 bits do not overflow.
    min(max(index < 0 ? index + extent : index, low), high)
  }
}
