internal import ONNXGraph

/// y = the number of x's elements
///
/// x: any type and shape → y: INT64, []. Source: ONNX `Size`, versions 1, 13, 19, 21, 23, 24, 25.
enum Size: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let y = try call.make(.int64, [])
    y.values(Int64.self)[0] = Int64(try call.input(0).count)
    return [y]
  }
}
