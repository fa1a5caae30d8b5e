internal import ONNXGraph

/// y = (x − x_zero_point) · x_scale
///
/// x: integers of 2, 4, 8 and 16 bits, I32, floats of 4, 6 and 8 bits; x_scale: F32, F16, BF16 or E8M0; x_zero_point:
/// the type of x and the shape of x_scale (0) → y: as x, of type `output_dtype` (default: that of x_scale), rounded once.
///
/// x_scale has one element, or one for each index of `axis` (1), or with `block_size` n one for each n neighbours along
/// `axis`. Source: ONNX `DequantizeLinear`, versions 10, 13, 19, 21, 23, 24, 25, 28.
enum DequantizeLinear: Operator {
  static var since: Int { 10 }
  static var storedInputs: ClosedRange<Int>? { 0...0 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (x, scale) = (try call.input(0), try call.input(1))
    let zero = call.optional(2)
    switch x.type {
    case .int8, .uint8, .int16, .uint16, .int32, .int4, .uint4, .int2, .uint2: break
    case _ where x.type.isSignedSmallFloat: break
    default: throw call.wrong(0, "quantised elements", found: x.type.name)
    }
    if let zero, zero.type != x.type {
      throw call.wrong(2, "\(x.type.name) elements as in x", found: zero.type.name)
    }
    let type = try call.type("output_dtype") ?? scale.type
    guard type.isFloat, scale.type.isFloat || scale.type == .float8E8M0 else {
      throw call.wrong(
        1, "floating-point elements and a floating-point output", found: "\(scale.type.name), \(type.name)")
    }
    let quantisation = Quantisation(
      scale: scale, zero: zero, axis: try call.int("axis") ?? 1, block: try call.int("block_size") ?? 0)
    if call.keepsStored(0), let stored = try quantisation.stored(call, x, as: type) { return [stored] }
    return [try quantisation.real(call, try x.unpacked(), as: type)]
  }
}
