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

  /// F64 numbers, [samples, heads or 1, queries or 1, keys].
  private init(_ numbers: Tensor, for shape: [Int]) {
    self.numbers = numbers.values(Double.self)
    strides = Layout.strides(numbers.shape, as: shape)
    columns = shape[3]
  }

  /// Keys of each sample that are masked: `filter` is added to their scores.
  ///
  /// `mask`: INT32, one of four forms. [B]: keys from this position on are masked. [2B]: also those before B more
  /// positions. [3B + 2]: as [B], followed by other sums of lengths. [B, T], [B, S, T]: the key is masked if the number is
  /// 0 or less. [B, 1, M, M]: the same for the rows from `past` on. Returns nil for [B, 1] or [1, 1], which mask nothing.
  static func padding(
    _ call: OperatorCall, _ input: Int, for shape: [Int], past: Int, filter: Double
  ) throws(OperatorError) -> ScoreBias? {
    guard call.optional(input) != nil else { return nil }
    var mask = try call.input(input, type: .int32)
    let (samples, queries, keys) = (shape[0], shape[2], shape[3])
    let (flat, deep) = ([samples, keys], [samples, queries, keys])
    if mask.rank == 2, mask.shape == [samples, 1] || mask.shape == [1, 1] { return nil }
    if mask.rank == 1 {
      return try lengths(call, input, mask, samples: samples, keys: keys, filter: filter)
    } else if mask.rank == 4, mask.shape[0] == samples, mask.shape[1] == 1, mask.shape[3] >= keys,
      mask.shape[2] - past >= queries
    {
      mask = try StridedCopy.gathered(
        call, mask, shape: [samples, 1, queries, keys], offset: past * mask.shape[3],
        strides: Layout.strides(mask.shape))
    } else if mask.shape == flat || mask.shape == deep {
      mask = try mask.reshaped([samples, 1, mask.rank == 2 ? 1 : queries, keys])
    } else {
      throw call.wrong(
        input, "lengths, or a mask \(shapeText(flat)) or \(shapeText(deep))", found: shapeText(mask.shape))
    }
    let numbers = try call.make(.double, mask.shape)
    let (from, to) = (mask.values(Int32.self), numbers.values(Double.self))
    for index in 0..<mask.count { to[index] = from[index] > 0 ? 0 : filter }
    return ScoreBias(numbers, for: shape)
  }

  private static func lengths(
    _ call: OperatorCall, _ input: Int, _ mask: Tensor, samples: Int, keys: Int, filter: Double
  ) throws(OperatorError) -> ScoreBias {
    let numbers = try call.make(.double, [samples, 1, 1, keys])
    let (from, to) = (mask.values(Int32.self), numbers.values(Double.self))
    let hasStarts = mask.count == 2 * samples
    guard hasStarts || mask.count == samples || mask.count == 3 * samples + 2 else {
      throw call.wrong(
        input, "\(samples), \(2 * samples) or \(3 * samples + 2) numbers", found: "\(mask.count)")
    }
    for sample in 0..<samples {
      let (start, end) = (hasStarts ? Int(from[samples + sample]) : 0, Int(from[sample]))
      for key in 0..<keys { to[sample * keys + key] = key >= start && key < end ? 0 : filter }
    }
    return ScoreBias(numbers, for: [samples, 1, 1, keys])
  }

  @inline(__always)
  func value(_ sample: Int, _ head: Int, _ query: Int, _ key: Int) -> Double {
    if key >= columns { return -.infinity }
    return numbers[sample * strides[0] + head * strides[1] + query * strides[2] + key * strides[3]]
  }
}
