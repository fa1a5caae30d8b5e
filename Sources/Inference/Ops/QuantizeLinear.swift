internal import ONNXGraph

/// y = saturate(round(x / y_scale) + y_zero_point), rounded to nearest, ties to even
///
/// x: floats or I32; y_scale: floats, E8M0 or I32 (since version 23); y_zero_point: the type of y and the shape of
/// y_scale (0) → y: as x, of y_zero_point's type, or of type `output_dtype` (U8): integers of 2, 4, 8 and 16 bits, and
/// floats of 4, 6 and 8 bits, which are rounded once and, with `saturate` 0, become infinity or NaN if they are too large.
///
/// y_scale has one element, or one for each index of `axis` (1), or with `block_size` n one for each n neighbours along
/// `axis`. x, y_scale and x / y_scale are rounded to `precision` (default: the type of y_scale; before version 23: F32). NaN
/// becomes the least integer, as in ONNX Runtime. Source: ONNX `QuantizeLinear`, versions 10, 13, 19, 21, 23, 24, 25, 28.
enum QuantizeLinear: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (x, scale) = (try call.input(0), try call.input(1))
    guard x.type.isFloat || x.type == .int32 else {
      throw call.wrong(0, "floating-point or I32 elements", found: x.type.name)
    }
    guard scale.type.isFloat || scale.type == .int32 || scale.type == .float8E8M0 else {
      throw call.wrong(1, "floating-point or I32 elements", found: scale.type.name)
    }
    let zero = call.optional(2)
    let stated = try call.type("output_dtype")
    if let zero, let stated, zero.type != stated {
      throw call.wrong(2, "\(stated.name) elements, as `output_dtype` says", found: zero.type.name)
    }
    let quantisation = Quantisation(
      scale: scale, zero: zero, axis: try call.int("axis") ?? 1, block: try call.int("block_size") ?? 0)
    let precision = try call.type("precision") ?? (call.opset < 23 ? .float : scale.type)
    return [
      try quantisation.quantised(
        call, x, as: zero?.type ?? stated ?? .uint8, precision: precision,
        saturates: try call.flag("saturate", default: true))
    ]
  }
}
