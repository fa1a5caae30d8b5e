internal import ONNXGraph

/// Numbers that are added to the scores of an attention.
struct ScoreBias {
  private let numbers: Elements<Double>
  private let strides: [Int]
  /// Scores of later keys are excluded.
  private let columns: Int

  /// A mask whose shape broadcasts to [samples, heads, queries, keys]; booleans exclude (false) or keep (true) a score.
  ///
  /// If the mask `mayBeShort`, its last axis is not broadcast, and missing keys are excluded.
  init(
    _ call: OperatorCall, _ input: Int, _ mask: Tensor, for shape: [Int], mayBeShort: Bool = false
  ) throws(OperatorError) {
    var target = shape
    if mayBeShort, let last = mask.shape.last { target[3] = min(last, shape[3]) }
    guard mask.rank <= 4, Layout.broadcasts(mask.shape, to: target) else {
      throw call.wrong(input, "a shape that broadcasts to \(shapeText(shape))", found: shapeText(mask.shape))
    }
    let real = try Casting.cast(call, mask, to: .double)
    if mask.type == .bool {
      // The cast has made a new tensor.
      let values = real.values(Double.self)
      for index in 0..<real.count { values[index] = values[index] == 0 ? -.infinity : 0 }
    }
    numbers = real.values(Double.self)
    strides = Layout.strides(mask.shape, as: target)
    columns = target[3]
  }

  @inline(__always)
  func value(_ sample: Int, _ head: Int, _ query: Int, _ key: Int) -> Double {
    if key >= columns { return -.infinity }
    return numbers[sample * strides[0] + head * strides[1] + query * strides[2] + key * strides[3]]
  }
}
