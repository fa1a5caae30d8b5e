internal import ONNXGraph

/// y = not x
///
/// x: BOOL of any shape → y: the same. Source: ONNX `Not`, version 1.
enum Not: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, type: .bool)
    let y = try call.make(.bool, x.shape)
    let (from, to) = (x.values(UInt8.self), y.values(UInt8.self))
    for index in 0..<x.count { to[index] = from[index] == 0 ? 1 : 0 }
    return [y]
  }
}
