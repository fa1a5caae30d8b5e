/// y[i, …] = x[i mod n, …]
///
/// x: any type, [n, …]; repeats: one number for each axis; in version 1 one number and its axis → y: [n · repeats₀, …].
/// Source: ONNX `Tile`, versions 1, 6, 13.
enum Tile: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let repeats = call.opset < 6 ? try ofOneAxis(call, x) : try call.integers(1),
      repeats.count == x.rank, repeats.allSatisfy({ $0 >= 0 })
    else {
      throw call.wrong(1, "\(x.rank) numbers of 0 or more", found: "others")
    }
    // Each axis becomes two: the repetition, and the position in it.
    var (split, strides, shape): ([Int], [Int], [Int]) = ([], [], [])
    for (axis, stride) in Layout.strides(x.shape).enumerated() {
      let (extent, overflow) = x.shape[axis].multipliedReportingOverflow(by: repeats[axis])
      guard !overflow else { throw call.wrong(1, "smaller numbers", found: shapeText(repeats)) }
      split += [repeats[axis], x.shape[axis]]
      strides += [0, stride]
      shape.append(extent)
    }
    let y = try StridedCopy.gathered(call, x, shape: split, offset: 0, strides: strides)
    return [try y.reshaped(shape)]
  }

  /// The numbers of version 1, whose inputs may have the type of x.
  private static func ofOneAxis(_ call: OperatorCall, _ x: Tensor) throws(OperatorError) -> [Int]? {
    guard let tiles = try call.integers(1, orFloats: true), tiles.count == 1,
      let axis = try call.integers(2, orFloats: true), axis.count == 1
    else { return nil }
    var repeats = x.shape.map { _ in 1 }
    repeats[try call.axis(axis[0], rank: x.rank)] = tiles[0]
    return repeats
  }
}
