internal import ONNXGraph

/// v = the initial values; while the condition is true, at most M times: (condition, v, s) = body(trip, condition, v)
///
/// M: one INT64 and condition: one BOOL, both optional; v: any number of values → the last v, then each s, with the
/// values of all trips stacked along a new first axis. The body also sees the values around it. Source: ONNX `Loop`,
/// versions 1, 11, 13, 16, 19, 21, 23, 24, 25.
enum Loop: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let body = try call.graph("body")
    var condition = try call.boolean(1) ?? true
    let limit = try call.integers(0)?.first
    let carriedCount = max(0, call.inputs.count - 2)
    guard body.inputs.count == carriedCount + 2, body.outputs.count > carriedCount else {
      throw OperatorError(
        "a body of \(carriedCount + 2) inputs and \(carriedCount + 1) outputs or more",
        found: "\(body.inputs.count) and \(body.outputs.count)", subject: "attribute 'body'")
    }
    var carried: [Tensor] = []
    for index in 0..<carriedCount { carried.append(try call.input(index + 2)) }
    var scans = [[Tensor]](repeating: [], count: body.outputs.count - 1 - carriedCount)
    var trip = 0
    // A body may output one tensor thousands of times in each trip, and every reference takes memory.
    let references = scans.count * RunBudget.referenceBytes
    var held = 0
    defer { call.budget.release(bytes: held) }
    while condition, limit.map({ trip < $0 }) ?? true {
      try call.budget.takeTrip()
      let scope = Scope(body, within: call.scope)
      scope[body.inputs[0].name] = try number(call, trip)
      scope[body.inputs[1].name] = try boolean(call, condition)
      for (input, tensor) in zip(body.inputs.dropFirst(2), carried) { scope[input.name] = tensor }
      let outputs: [Tensor]
      do { outputs = try Interpreter(run: call.run).outputs(of: body, in: scope) } catch {
        throw OperatorError(inner: error)
      }
      guard outputs[0].type == .bool, outputs[0].count == 1 else {
        throw OperatorError("a body whose first output is one BOOL", found: outputs[0].type.name)
      }
      condition = outputs[0].values(UInt8.self)[0] != 0
      carried = Array(outputs[1..<(1 + carriedCount)])
      try call.budget.take(bytes: references)
      held += references
      for (index, tensor) in outputs.dropFirst(1 + carriedCount).enumerated() { scans[index].append(tensor) }
      trip += 1
    }
    for (index, scan) in scans.enumerated() {
      carried.append(try stacked(call, scan, declared: body.outputTypes[1 + carriedCount + index]))
    }
    return carried
  }

  private static func stacked(
    _ call: OperatorCall, _ tensors: [Tensor], declared: ValueType?
  ) throws(OperatorError) -> Tensor {
    guard !tensors.isEmpty else {
      // If there are no trips, only the declaration gives the output's type and shape.
      guard case .tensor(let type?, let shape)? = declared else {
        throw .unsupported("a declared type of a scan output without trips", found: "none")
      }
      let extents = (shape ?? []).map { if case .fixed(let value) = $0 { value } else { 0 } }
      return try call.make(type, [0] + extents)
    }
    var rows: [Tensor] = []
    for tensor in tensors { rows.append(try tensor.reshaped([1] + tensor.shape)) }
    return try Concat.joined(call, rows, axis: 0)
  }

  private static func number(_ call: OperatorCall, _ value: Int) throws(OperatorError) -> Tensor {
    let tensor = try call.make(.int64, [])
    tensor.values(Int64.self)[0] = Int64(value)
    return tensor
  }

  private static func boolean(_ call: OperatorCall, _ value: Bool) throws(OperatorError) -> Tensor {
    let tensor = try call.make(.bool, [])
    tensor.values(UInt8.self)[0] = value ? 1 : 0
    return tensor
  }
}
