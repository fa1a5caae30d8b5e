internal import ONNXGraph

/// v = the initial states; for each position t of the inputs: (v, s) = body(v, x₀[t], x₁[t], …)
///
/// v: any number of tensors; xᵢ: `num_scan_inputs` tensors with equal extents of the axes `scan_input_axes` (0), without
/// which the body gets them; `scan_input_directions` 1 begins with the last position → the last v, then each s, with the
/// tensors of all trips stacked along the new axis `scan_output_axes` (0), the last trip first if
/// `scan_output_directions` is 1. The body also sees the values around it.
///
/// Before version 9, the first input is the lengths of sequences, INT64, [batch], and may be left out. States are
/// [batch, ..], inputs [batch, length, ..]; each sequence is scanned for itself, up to its own length; `directions` 1
/// begins with its last position. Outputs are [batch, length, ..], 0 after a sequence's end. A batch without sequences is
/// refused, because only a trip through the body gives the shapes of the outputs. Source: ONNX `Scan`, versions 8, 9,
/// 11, 16, 19, 21, 23, 24, 25.
enum Scan: Operator {
  static var since: Int { 8 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let scanned = try call.count("num_scan_inputs")
    let first = call.opset < 9 ? 1 : 0
    guard call.inputs.count - first >= scanned else {
      throw OperatorError("\(scanned) inputs or more to scan", found: "\(max(0, call.inputs.count - first))")
    }
    var inputs: [Tensor] = []
    for index in first..<call.inputs.count { inputs.append(try call.input(index)) }
    let run = try ScanRun(call, inputs: inputs, scanned: scanned)
    return call.opset < 9 ? try run.batches() : try run.whole()
  }
}

/// One evaluation of `Scan`.
private struct ScanRun {
  let call: OperatorCall
  let body: CompiledGraph
  let states: [Tensor]
  let scanned: [Tensor]

  init(_ call: OperatorCall, inputs: [Tensor], scanned: Int) throws(OperatorError) {
    self.call = call
    states = Array(inputs.dropLast(scanned))
    self.scanned = Array(inputs.suffix(scanned))
    body = try call.body(inputs: inputs.count, outputs: states.count)
  }

  /// The number of outputs that are stacked.
  private var outputCount: Int { body.outputs.count - states.count }

  func whole() throws(OperatorError) -> [Tensor] {
    let axes = try list("scan_input_axes", count: scanned.count)
    let isBackward = try flags("scan_input_directions", count: scanned.count)
    let outputAxes = try list("scan_output_axes", count: outputCount)
    let isReversed = try flags("scan_output_directions", count: outputCount)
    var slices: [Slices] = []
    for (index, x) in scanned.enumerated() {
      slices.append(Slices(x, axis: try call.axis(axes[index], rank: x.rank)))
    }
    let length = try commonLength(slices)
    var trips = Trips(call, body, from: states.count)
    defer { trips.release() }
    var results = try scan(states, slices, length, isBackward, &trips)
    for index in 0..<outputCount {
      results.append(try trips.joined(index, axis: outputAxes[index], isReversed: isReversed[index]))
    }
    return results
  }

  /// Before version 9.
  func batches() throws(OperatorError) -> [Tensor] {
    let isBackward = try flags("directions", count: scanned.count)
    for x in scanned where x.rank < 2 {
      throw OperatorError("inputs of at least two dimensions", found: shapeText(x.shape))
    }
    let batch = scanned[0].shape[0]
    let length = scanned[0].shape[1]
    // A tensor without elements can have 2³¹ sequences.
    let listBytes = batch * (body.outputs.count + 1) * RunBudget.referenceBytes
    try call.budget.take(bytes: listBytes)
    defer { call.budget.release(bytes: listBytes) }
    let lengths = try call.integers(0) ?? [Int](repeating: length, count: batch)
    guard scanned.allSatisfy({ $0.shape[0] == batch && $0.shape[1] == length }),
      states.allSatisfy({ $0.shape.first == batch })
    else { throw OperatorError("inputs of \(batch) sequences of \(length)", found: "others") }
    guard lengths.count == batch, lengths.allSatisfy({ $0 >= 0 && $0 <= length }) else {
      throw call.wrong(0, "\(batch) lengths of 0 to \(length)", found: shapeText(lengths))
    }
    guard let longest = lengths.indices.max(by: { lengths[$0] < lengths[$1] }) else {
      throw .unsupported("at least one sequence", found: "none")
    }
    var finals: [[Tensor]] = []
    var outputs: [[Tensor]?] = []
    for sequence in 0..<batch {
      try call.budget.takeTrip()
      var slices: [Slices] = []
      for x in scanned { slices.append(Slices(try Slices(x, axis: 0).slice(sequence, call), axis: 0)) }
      var initial: [Tensor] = []
      for state in states { initial.append(try Slices(state, axis: 0).slice(sequence, call)) }
      var trips = Trips(call, body, from: states.count)
      defer { trips.release() }
      finals.append(try scan(initial, slices, lengths[sequence], isBackward, &trips))
      // A sequence without positions has no outputs; the others give their shape.
      let isEmpty = lengths[sequence] == 0 && lengths[longest] > 0
      outputs.append(isEmpty ? nil : try trips.joined())
    }
    var joined: [Tensor] = []
    for index in states.indices {
      joined.append(try Concat.stacked(call, finals.map { $0[index] }, axis: 0, each: "sequence"))
    }
    for (index, first) in (outputs[longest] ?? []).enumerated() {
      let shape = [length] + first.shape.dropFirst()
      var parts: [Tensor] = []
      for output in outputs { parts.append(try padded(output?[index], first.type, shape)) }
      joined.append(try Concat.stacked(call, parts, axis: 0, each: "sequence"))
    }
    return joined
  }

  /// The states after `length` trips.
  private func scan(
    _ states: [Tensor], _ slices: [Slices], _ length: Int, _ isBackward: [Bool], _ trips: inout Trips
  ) throws(OperatorError) -> [Tensor] {
    var states = states
    for trip in 0..<length {
      try call.budget.takeTrip()
      var inputs = states.map(Value.tensor)
      for (index, x) in slices.enumerated() {
        inputs.append(.tensor(try x.slice(isBackward[index] ? length - 1 - trip : trip, call)))
      }
      let outputs = try call.outputs(of: body, inputs)
      for index in states.indices {
        guard case .tensor(let state) = outputs[index] else {
          throw OperatorError("a tensor as state \(index)", found: outputs[index].words)
        }
        states[index] = state
      }
      try trips.add(outputs)
    }
    return states
  }

  /// The outputs of all trips of a sequence, followed by zeros or empty texts.
  private func padded(_ x: Tensor?, _ type: ElementType, _ shape: [Int]) throws(OperatorError) -> Tensor {
    if let x, x.shape == shape { return x }
    let y = try call.zeros(type, shape)
    guard let x else { return y }
    guard x.type == type, x.shape[0] <= shape[0], x.shape.dropFirst() == shape.dropFirst() else {
      throw OperatorError(
        "outputs of \(type.name) \(shapeText(shape))", found: "\(x.type.name) \(shapeText(x.shape))")
    }
    StridedCopy.run(x.count, from: x, at: 0, to: y, at: 0)
    return y
  }

  private func commonLength(_ slices: [Slices]) throws(OperatorError) -> Int {
    let lengths = slices.map(\.length)
    guard let length = lengths.first, lengths.allSatisfy({ $0 == length }) else {
      throw OperatorError("equal extents of the scanned axes", found: shapeText(lengths))
    }
    return length
  }

  /// An attribute with a number for each input or output; without it, zeros.
  private func list(_ name: String, count: Int) throws(OperatorError) -> [Int] {
    let list = try call.ints(name) ?? [Int](repeating: 0, count: count)
    guard list.count == count else {
      throw OperatorError("\(count) numbers", found: "\(list.count)", subject: "attribute '\(name)'")
    }
    return list
  }

  private func flags(_ name: String, count: Int) throws(OperatorError) -> [Bool] {
    let list = try list(name, count: count)
    guard list.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw OperatorError("directions of 0 or 1", found: shapeText(list), subject: "attribute '\(name)'")
    }
    return list.map { $0 == 1 }
  }
}

/// The slices of a tensor at the positions of one axis, without this axis.
private struct Slices {
  private let x: Tensor
  private let axis: Int
  private let shape: [Int]
  private let strides: [Int]

  init(_ x: Tensor, axis: Int) {
    self.x = x
    self.axis = axis
    var shape = x.shape
    shape.remove(at: axis)
    self.shape = shape
    strides = Layout.strides(x.shape)
  }

  var length: Int { x.shape[axis] }

  func slice(_ position: Int, _ call: OperatorCall) throws(OperatorError) -> Tensor {
    var others = strides
    let stride = others.remove(at: axis)
    try call.budget.spend(shape.product)
    return try StridedCopy.gathered(call, x, shape: shape, offset: position * stride, strides: others)
  }
}
