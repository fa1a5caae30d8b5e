/// y[i, …] = x[i mod n, …]
///
/// x: any type, [n, …]; repeats: one number for each axis → y: [n · repeats₀, …]. Source: ONNX `Tile`, versions 6, 13.
enum Tile: Operator {
  static var since: Int { 6 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let repeats = try call.integers(1), repeats.count == x.rank, repeats.allSatisfy({ $0 >= 0 }) else {
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
}
