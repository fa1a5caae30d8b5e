internal import ONNXGraph

/// v = the initial values; while the condition is true, at most M times: (condition, v, s) = body(trip, condition, v)
///
/// M: one INT64 and condition: one BOOL, both optional; v: any number of values, also sequences (version 13) and
/// optionals (version 16) → the last v, then each s, with the tensors of all trips stacked along a new first axis. The
/// body also sees the values around it. Source: ONNX `Loop`, versions 1, 11, 13, 16, 19, 21, 23, 24, 25.
enum Loop: ValueOperator {
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    var condition = try call.boolean(1) ?? true
    let limit = try call.integers(0)?.first
    let carriedCount = max(0, call.inputs.count - 2)
    let body = try call.body(inputs: carriedCount + 2, outputs: carriedCount + 1)
    var carried: [Value] = []
    for index in 0..<carriedCount { carried.append(try call.required(index + 2)) }
    var scans = Trips(call, body, from: 1 + carriedCount)
    defer { scans.release() }
    var trip = 0
    while condition, limit.map({ trip < $0 }) ?? true {
      try call.budget.takeTrip()
      let start = [Value.tensor(try call.make(scalar: trip)), .tensor(try call.make(scalar: condition))]
      let outputs = try call.outputs(of: body, start + carried)
      guard case .tensor(let next) = outputs[0], next.type == .bool, next.count == 1 else {
        throw OperatorError(
          "a body whose first output is one BOOL", found: outputs[0].tensor?.type.name ?? outputs[0].words)
      }
      condition = next.values(UInt8.self)[0] != 0
      carried = Array(outputs[1..<(1 + carriedCount)])
      try scans.add(outputs)
      trip += 1
    }
    return carried + (try scans.joined()).map(Value.tensor)
  }
}
