internal import ONNXGraph

/// y = saturate(round((a − a_zero_point) · (b − b_zero_point) · (a_scale · b_scale / y_scale)) + y_zero_point)
///
/// a: [.., M, K], b: [.., K, N]: I8 or U8, or since version 21 floats of eight bits; a_scale, a_zero_point: one element,
/// [M] or [.., M, 1]; b_scale, b_zero_point: one element, [N] or [.., 1, N]; y_scale, y_zero_point: one element → y: [..,
/// M, N] of y_zero_point's type. Shapes as in `MatMul`. Scales: F32, since version 21 also F16 and BF16; the factor has
/// their type. Sums of integers are exact; their product with the factor is rounded to F32. Source: ONNX `QLinearMatMul`,
/// versions 10, 21.
enum QLinearMatMul: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (a, b, zero) = (try call.input(0), try call.input(3), try call.input(7))
    for (index, tensor) in [(0, a), (3, b), (7, zero)] {
      guard tensor.type == .int8 || tensor.type == .uint8 || isSmall(tensor.type) else {
        throw call.wrong(index, "elements of eight bits", found: tensor.type.name)
      }
    }
    let matrices = try IntegerProducts.matrices(call, a, aZero: 2, b, bZero: 5, second: 3)
    let type = try call.input(1).type
    guard type.isFloat else { throw call.wrong(1, "floating-point elements", found: type.name) }
    let product = try Elementwise.binary(
      Mul.self, call, try matrices.leftScale(call, 1, type), try matrices.rightScale(call, 4, type))
    let factor = try Elementwise.binary(Div.self, call, product, try call.scale(6, type, of: [1], axis: 0))
    guard zero.count == 1 else { throw call.wrong(7, "one element", found: shapeText(zero.shape)) }
    let sums = try matrices.product(call, as: isSmall(a.type) || isSmall(b.type) ? .float : .int32)
    let y = try IntegerProducts.requantised(
      call, sums, by: factor, zero: try zero.reshaped([]), as: zero.type)
    return [try y.reshaped(matrices.shape.shape)]
  }

  private static func isSmall(_ type: ElementType) -> Bool { type.bits == 8 && type.isSignedSmallFloat }
}
