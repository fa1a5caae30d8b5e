internal import ONNXGraph

/// y[:, k] = the index of the k-th element of x that is not 0, in C order
///
/// x: numbers of any kind, BOOL, or text, of which the empty one counts as 0 → y: INT64, [rank, count]; a scalar has no
/// axes: [0, count]. Source: ONNX `NonZero`, versions 9, 13.
enum NonZero: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    try call.budget.spend(x.count, x.rank + 1)
    let isSet =
      x.type == .string
      ? try texts(call, x) : try Casting.cast(call, x, to: .bool).values(UInt8.self)
    let y = try call.make(.int64, [x.rank, isSet.prefix(x.count).count { $0 != 0 }])
    let (to, count, strides) = (y.values(Int64.self), y.shape[1], Layout.strides(x.shape))
    var number = 0
    for place in 0..<x.count where isSet[place] != 0 {
      for axis in x.shape.indices {
        to[axis * count + number] = Int64(place / strides[axis] % x.shape[axis])
      }
      number += 1
    }
    return [y]
  }

  private static func texts(_ call: OperatorCall, _ x: Tensor) throws(OperatorError) -> Elements<UInt8> {
    let empty = try call.run.strings.number(of: "")
    let isSet = try call.make(.bool, x.shape)
    for (place, text) in x.values(Int64.self).prefix(x.count).enumerated() {
      isSet.values(UInt8.self)[place] = text == empty ? 0 : 1
    }
    return isSet.values(UInt8.self)
  }
}
