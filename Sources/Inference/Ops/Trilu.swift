internal import ONNXGraph

/// y = x with 0 below (`upper`: 1) or above (0) a diagonal
///
/// x: any numbers, [.., rows, columns]; k: INT64, the number of the diagonal (0: the main one) → y: as x. Source: ONNX
/// `Trilu`, version 14.
enum Trilu: Operator {
  static var since: Int { 14 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    let isUpper = try call.flag("upper", default: true)
    let k = try call.integers(1)?.first ?? 0
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let shift = min(max(k, -rows), columns)
    let y = try call.make(x.type, x.shape)
    y.values(UInt8.self).update(repeating: 0)
    if y.count == 0 { return [y] }
    for row in 0..<(x.count / columns) {
      let diagonal = min(max(row % rows + shift, 0), columns)
      let kept = isUpper ? diagonal..<columns : 0..<min(columns, max(0, row % rows + shift + 1))
      StridedCopy.run(
        kept.count, from: x, at: row * columns + kept.lowerBound, to: y, at: row * columns + kept.lowerBound)
    }
    return [y]
  }
}
