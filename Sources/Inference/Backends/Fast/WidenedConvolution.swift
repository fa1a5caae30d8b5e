internal import ONNXGraph

/// A convolution whose weights are not F32 in memory: some output channels at a time, with their weights as F32. F16 and
/// BF16 inputs are widened, and results are rounded once.
struct WidenedConvolution {
  private let convolution: Convolution
  private let threads: Int

  /// The weights that are widened at a time.
  private static let part = 1 << 20

  /// Returns nil if all numbers are F32, for other types, and for empty tensors.
  init?(_ convolution: Convolution, threads: Int) {
    let type = convolution.y.type
    guard type.half != nil || type == .float && convolution.w.stored != nil, convolution.x.count > 0,
      convolution.w.count > 0, convolution.y.count > 0
    else { return nil }
    self.convolution = convolution
    self.threads = threads
  }

  /// - Parameter compute: computes a convolution of F32; it returns false if results that are NaN may be wrong.
  func run(
    _ compute: (Convolution) throws(OperatorError) -> Bool,
    otherwise: (Convolution) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    let w = convolution.w
    let y = try Widening.results(for: convolution.y)
    let x = try Widening.floats(convolution.x, threads: threads)
    var bias: Tensor?
    if let given = convolution.bias { bias = try Widening.floats(given, threads: threads) }
    func part(_ first: Int, _ count: Int) throws(OperatorError) -> Convolution {
      let each = w.count / w.shape[0]
      return Convolution(
        x: x,
        w: try Widening.floats(w, from: first * each, [count] + w.shape.dropFirst(), threads: threads),
        bias: bias, y: y, windows: convolution.windows, groups: convolution.groups, firstOutput: first,
        epilogue: convolution.epilogue)
    }
    // Groups have few channels, so their weights are small.
    let step =
      convolution.groups > 1 ? w.shape[0] : max(64, Self.part / (w.count / w.shape[0]))
    var isSure = true
    for first in stride(from: 0, to: w.shape[0], by: step) {
      if !(try compute(try part(first, min(step, w.shape[0] - first)))) { isSure = false }
    }
    if !isSure, !Finishing.hasNoNaN(UnsafePointer(y.values(Float.self).base), count: y.count) {
      try otherwise(try part(0, w.shape[0]))
    }
    Widening.finish(y, convolution.y, threads: threads)
  }
}
