internal import Inference
internal import ONNXGraph

/// Operators of several values, element by element, with broadcasting.
enum ElementwiseRule {
  static func apply(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, call.inputs.indices.filter { call.inputs[$0] != nil })
  }

  /// Two values, each with a scale and a zero point of one element.
  static func quantised(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard call.optional(0) != nil, call.optional(3) != nil else { return try call.unknownExtents() }
    return try apply(call, [0, 3])
  }

  private static func apply(_ call: FlowCall, _ given: [Int]) throws(FlowError) -> [FlowValue] {
    let shapes = given.compactMap { call.inputs[$0]?.shape }
    guard let shape = broadcast(shapes) else { return try call.unknownExtents() }
    var result = FlowValue(shape)
    result.isConstant = given.allSatisfy { call.inputs[$0]?.isConstant == true }
    result.isRaw =
      given.contains { call.inputs[$0]?.isRaw == true }
      && given.allSatisfy { call.inputs[$0]?.isRaw == true || call.inputs[$0]?.isConstant == true }
    if try passJoint(call, given, &result) { return [result] }
    for dimension in shape.indices where shape[dimension] != 1 {
      let places = given.compactMap { index -> (index: Int, dimension: Int)? in
        guard let own = call.inputs[index]?.shape else { return nil }
        let place = dimension - (shape.count - own.count)
        return place >= 0 && own[place] != 1 ? (index, place) : nil
      }
      let labels = try call.together(places)
      result.factors += LabelFactor.list(labels, dimension)
      try call.selectTogether(places, labels)
    }
    call.keepsZeros = keepsZeros(call, given, result)
    return [result]
  }

  static func broadcast(_ shapes: [[Int]]) -> [Int]? {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (place, extent) in shape.enumerated() {
        let target = rank - shape.count + place
        if extent == 1 { continue }
        if result[target] != 1, result[target] != extent { return nil }
        result[target] = extent
      }
    }
    return result
  }

  /// A joint factor stays joint if every other value has it too, or is constant along all of its dimensions.
  private static func passJoint(
    _ call: FlowCall, _ given: [Int], _ result: inout FlowValue
  ) throws(FlowError) -> Bool {
    var joint: LabelFactor?
    for index in given {
      guard var value = call.inputs[index] else { continue }
      try call.simplify(&value)
      call.inputs[index] = value
      guard let factor = value.factors.first else { continue }
      guard value.factors.count == 1, factor.dimensions.count > 1, value.shape == result.shape,
        joint == nil || joint?.dimensions == factor.dimensions
      else { return false }
      joint = joint ?? factor
    }
    guard var joint, let rank = result.shape?.count else { return false }
    let others = given.compactMap { call.inputs[$0] }.filter(\.factors.isEmpty)
    for other in others {
      let shift = rank - other.rank
      let isSpread = joint.dimensions.allSatisfy { $0 < shift || other.shape?[$0 - shift] == 1 }
      guard isSpread else { return false }
    }
    for index in given {
      guard let own = call.inputs[index]?.factors.first else { continue }
      joint.labels = try call.joined(joint.labels, own.labels, "channels") ?? joint.labels
    }
    for dimension in joint.dimensions {
      call.lay(given.map { (index: $0, dimension: dimension - (rank - (call.inputs[$0]?.rank ?? rank))) })
    }
    result.factors = [joint]
    call.keepsZeros = false
    return true
  }

  /// Only the masked network of a plan needs this.
  private static func keepsZeros(_ call: FlowCall, _ given: [Int], _ result: FlowValue) -> Bool {
    guard call.labels.isChecking else { return false }
    // Padding and uncut positions are always active, so they may differ from zero.
    let isCut = result.factors.map { !$0.labels.contains(0) }
    func hasFactor(_ value: FlowValue, _ number: Int) -> Bool {
      let factor = result.factors[number]
      let place = factor.dimensions[0] - (result.rank - value.rank)
      return value.factors.contains { own in
        guard own.dimensions == [place] else { return false }
        return own.labels.isSameList(factor.labels) ? isCut[number] : !own.labels.contains(0)
      }
    }
    switch call.node.operation {
    case "Mul", "And": return true
    case "Div":
      guard call.inputs.count > 1, let divisor = call.inputs[1] else { return true }
      return !result.factors.indices.contains { hasFactor(divisor, $0) }
    case "Add", "Sub", "Sum", "Mean", "Max", "Min", "Or", "Xor":
      return given.allSatisfy { index in
        guard let value = call.inputs[index] else { return true }
        return value.isZero || result.factors.indices.allSatisfy { hasFactor(value, $0) }
      }
    case "PRelu": return true
    default: return false
    }
  }
}

extension FlowCall {
  /// Selects the wanted positions of an input's dimension in the dense network.
  func select(_ index: Int, _ dimension: Int, _ wanted: [Bool]) throws(FlowError) {
    guard let value = optional(index) else { return }
    let own = value.factors.first { $0.dimensions == [dimension] }?.labels
    guard value.shape?.indices.contains(dimension) == true, value.shape?[dimension] == wanted.count,
      own == nil || own?.count == wanted.count
    else { throw refusal("\(wanted.count) channels", "\(value.shape?.description ?? "an unknown shape")") }
    var places: [Int] = []
    var place = 0
    for position in wanted.indices {
      let has = own.map { labels.isKept($0[position]) } ?? true
      if wanted[position] {
        guard has else { throw refusal("channels that are active wherever they meet", "some that are not") }
        places.append(place)
      }
      if has { place += 1 }
    }
    if places.count == place { return }
    let indices = dense.constant(context.small.integers(places))
    dense.put("Gather", before: index, with: [indices], ["axis": .int(Int64(dimension))])
  }
}
