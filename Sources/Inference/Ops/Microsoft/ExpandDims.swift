/// y = x with an axis of extent 1 at `axis`, −rank − 1 to rank
///
/// x: any type and shape; axis: INT32, one number → y: [a.., 1, b..]. Source: ONNX Runtime `ExpandDims`, version 1.
enum ExpandDims: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let given = try call.integers(1), given.count == 1 else {
      throw call.wrong(1, "one number", found: "another number of them")
    }
    var shape = x.shape
    shape.insert(1, at: try call.axis(given[0], rank: x.rank + 1))
    return [try x.reshaped(shape)]
  }
}
