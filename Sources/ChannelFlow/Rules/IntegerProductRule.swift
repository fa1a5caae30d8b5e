internal import Inference
internal import ONNXGraph

/// Matrix products of quantised numbers. An absent channel is the byte 0, so it adds nothing to the sums if one of the
/// matrices has no zero point or 0.
enum IntegerProductRule {
  /// The inputs of a product.
  private struct Inputs {
    var a = 0
    var b = 1
    /// Zero points; nil for one that is computed.
    var zeroA: Int?
    var zeroB: Int
    /// Scales, zero points and biases with one element, or with one for each row or column.
    var rows: [Int] = []
    var columns: [Int]
  }

  static func integer(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, Inputs(zeroA: 2, zeroB: 3, rows: [2], columns: [3]))
  }

  static func quantised(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, Inputs(b: 3, zeroA: 2, zeroB: 5, rows: [1, 2], columns: [4, 5]))
  }

  /// The real matrix is quantised here. Its scale does not depend on absent channels, which are zero.
  static func dynamic(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, Inputs(zeroB: 3, columns: [2, 3, 4]))
  }

  static func real(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, Inputs(zeroA: 4, zeroB: 5, rows: [2, 4], columns: [3, 5, 6]))
  }

  static func gemm(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(
      call, Inputs(b: 3, zeroA: 2, zeroB: 5, rows: [1, 2], columns: [4, 5]),
      turned: (call.int("transA") == 1, call.int("transB") == 1), sum: 6)
  }

  /// - Parameter sum: an input that broadcasts to the product.
  private static func apply(
    _ call: FlowCall, _ inputs: Inputs, turned: (Bool, Bool) = (false, false), sum: Int? = nil
  ) throws(FlowError) -> [FlowValue] {
    let isZeroA = inputs.zeroA.map(call.isZeroPoint) ?? false
    guard
      var product = try ProductRule.product(
        call, inputs.a, inputs.b, turned: turned, isZeroAbsent: isZeroA || call.isZeroPoint(inputs.zeroB))
    else { return try call.unknownExtents() }
    if let sum, product.result.rank != 2, call.optional(sum) != nil { return try call.unknownExtents() }
    if let sum { try product.add(sum, to: call) }
    for (list, ofRows) in [(inputs.rows, true), (inputs.columns, false)] {
      for index in list {
        guard try product.scale(index, ofRows: ofRows, call) else {
          let shape = product.result.shape
          _ = try call.stopAll("\(call.node.shown) has scales for each sample")
          return [FlowValue(shape)]
        }
      }
    }
    call.keepsZeros = false
    return [product.result]
  }
}
