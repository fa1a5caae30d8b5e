/// y = x as elements of the second input's type
///
/// x: any type and shape; other: any → y: x's shape. Source: ONNX `CastLike`, versions 15, 19, 21, 23, 24, 25.
enum CastLike: Operator {
  static var since: Int { 15 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    [try Casting.cast(call, try call.input(0), to: try call.input(1).type)]
  }
}
