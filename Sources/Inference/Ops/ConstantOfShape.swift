internal import ONNXGraph

/// y = `value` (default: a FLOAT 0) for every element
///
/// shape: INT64, [rank] → y: value's type. Source: ONNX `ConstantOfShape`, versions 9, 20, 21, 23, 24, 25.
enum ConstantOfShape: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let shape = try call.integers(0) else { throw OperatorError("a shape", found: "none") }
    let value: Tensor
    if let given = try call.tensor("value") {
      value = given
      guard value.count == 1 else { throw call.wrongAttribute("value", "one element") }
    } else {
      value = try call.make(.float, [])
      value.values(Float.self)[0] = 0
    }
    let y = try call.make(value.type, shape)
    try StridedCopy.fill(y, with: value)
    return [y]
  }
}
