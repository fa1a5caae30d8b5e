internal import ONNXGraph

/// y[i, i + k] = 1, and 0 elsewhere
///
/// x: numbers or BOOL, [rows, columns], of which only shape and type matter; k: 0 → y: `dtype` (x's type), the same
/// shape. Source: ONNX `EyeLike`, versions 9, 22.
enum EyeLike: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 2)
    let y = try call.zeros(try call.type("dtype") ?? x.type, x.shape)
    let one = try call.make(.double, [])
    one.values(Double.self)[0] = 1
    let unit = try Casting.cast(call, one, to: y.type)
    let (rows, columns) = (x.shape[0], x.shape[1])
    // No diagonal outside these has an element.
    let k = min(max(try call.int("k") ?? 0, -rows), columns)
    for row in max(0, -k)..<max(0, -k, min(rows, columns - k)) {
      StridedCopy.run(1, from: unit, at: 0, to: y, at: row * columns + row + k)
    }
    return [y]
  }
}
