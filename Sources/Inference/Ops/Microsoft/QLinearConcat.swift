internal import ONNXGraph

/// y = the inputs joined along `axis`, each converted to Y_scale and Y_zero_point
///
/// Inputs: Y_scale (F32) and Y_zero_point, one element each; then a tensor, its scale and its zero point for each tensor
/// to join: I8 or U8 as Y_zero_point, [.., nᵢ, ..] with equal other extents → y: [.., Σ nᵢ, ..]. An input x becomes
/// saturate(round((x − x_zero_point) · x_scale / Y_scale) + Y_zero_point). Source: com.microsoft `QLinearConcat`,
/// version 1.
enum QLinearConcat: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let type = try call.bytes(1).type
    let y = try call.quantisation(0, 1, of: type)
    guard let axis = try call.int("axis") else { throw call.wrongAttribute("axis", "an axis") }
    guard call.inputs.count >= 5, call.inputs.count % 3 == 2 else {
      throw OperatorError("a tensor, a scale and a zero point, or more", found: "\(call.inputs.count) inputs")
    }
    var parts: [Tensor] = []
    for index in stride(from: 2, to: call.inputs.count, by: 3) {
      let x = try call.input(index, type: type)
      let real = try call.quantisation(index + 1, index + 2, of: type).real(call, x, as: .float)
      parts.append(try y.quantised(call, real, as: type))
    }
    return [try Concat.joined(call, parts, axis: axis) { 2 + 3 * $0 }]
  }
}
