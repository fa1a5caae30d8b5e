internal import ONNXGraph

/// y = saturate(round(x / y_scale) + y_zero_point), y_scale = (max − min) / 255, y_zero_point = saturate(round(−min /
/// y_scale))
///
/// max and min are the greatest and the least of x and 0; NaN is ignored. If both are 0, y_scale is 1, as in ONNX Runtime.
/// x: F32 of any shape → y: U8 of the same shape; y_scale: F32, []; y_zero_point: U8, []. Source: ONNX
/// `DynamicQuantizeLinear`, version 11.
enum DynamicQuantizeLinear: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (y, scale, zero) = try quantised(call, 0)
    return [y, scale, zero]
  }

  static func quantised(
    _ call: OperatorCall, _ input: Int
  ) throws(OperatorError) -> (y: Tensor, scale: Tensor, zero: Tensor) {
    let x = try call.input(input, type: .float)
    var (least, greatest) = (0 as Float, 0 as Float)
    for number in x.values(Float.self).prefix(x.count) {
      if number < least { least = number }
      if number > greatest { greatest = number }
    }
    let (scale, offset) = (try call.make(.float, []), try call.make(.float, []))
    let step = greatest == least ? 1 : (greatest - least) / 255
    scale.values(Float.self)[0] = step
    offset.values(Float.self)[0] = -least
    let zero = try Quantisation(scale: scale, zero: nil).quantised(call, offset, as: .uint8)
    return (try Quantisation(scale: scale, zero: zero).quantised(call, x, as: .uint8), scale, zero)
  }
}
