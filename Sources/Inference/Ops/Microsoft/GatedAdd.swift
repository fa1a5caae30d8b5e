/// y = a + b · gate; the product is rounded to the type of a
///
/// a, b: floats, [.., C]; gate: [.., 1] → y: as a. A `gate_weight` is unsupported: ONNX Runtime has it only on GPUs.
/// Source: ONNX Runtime `GatedAdd`, version 1.
enum GatedAdd: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if call.optional(3) != nil { throw .unsupported("no gate_weight", found: "input 3") }
    let a = try call.input(0)
    let (b, gate) = (try call.input(1), try call.input(2))
    guard a.type.isFloat, a.rank >= 1, b.shape == a.shape, gate.shape == Array(a.shape.dropLast()) + [1]
    else {
      throw call.wrong(
        1, "floats of the shape \(shapeText(a.shape)), and a gate for each row",
        found: "\(shapeText(b.shape)) and \(shapeText(gate.shape))")
    }
    return [
      try Elementwise.binary(Add.self, call, a, try Elementwise.binary(Mul.self, call, b, gate))
    ]
  }
}
