internal import Inference
internal import ONNXGraph

/// Operators that join dimensions or split them.
enum PartsRule {
  /// The most positions of a dimension that are processed one by one.
  static let positionLimit = 1 << 20

  static func concat(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try concat(call, call.inputs.indices.filter { call.inputs[$0] != nil }, hasPadding: true)
  }

  /// Each value is followed by its scale and its zero point; those of the result come first.
  static func quantisedConcat(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let given = Array(stride(from: 2, to: call.inputs.count, by: 3))
    guard call.node.attributes["axis"] != nil, given.allSatisfy({ call.inputs[$0] != nil }) else {
      return try call.unknownExtents()
    }
    let outputs = try concat(call, given, hasPadding: false)
    call.keepsZeros = false
    return outputs
  }

  /// - Parameter hasPadding: whether zeros of an input are zeros of the result.
  private static func concat(
    _ call: FlowCall, _ given: [Int], hasPadding: Bool
  ) throws(FlowError) -> [FlowValue] {
    let shapes = given.compactMap { call.inputs[$0]?.shape }
    guard let rank = shapes.first?.count, shapes.count == given.count,
      shapes.allSatisfy({ $0.count == rank }),
      let axis = call.axis(call.int("axis") ?? 1, rank: rank)
    else { return try call.unknownExtents() }
    for index in given {
      try call.resolve(index)
      // Shortcuts are padded with tensors of zeros. That they are zeros is known only after reading them.
      if hasPadding, let constant = call.inputs[index]?.constant {
        let elements = call.context.small.constant(constant, limit: 1 << 20)?.reals
        call.inputs[index]?.isZero = elements?.allSatisfy { $0 == 0 } ?? false
      }
    }
    var result = FlowValue(shapes[0])
    result.shape?[axis] = shapes.reduce(0) { $0 + $1[axis] }
    result.isRaw = given.allSatisfy { call.inputs[$0]?.isRaw == true }
    call.keepsZeros = true
    for dimension in 0..<rank where dimension != axis {
      let places = given.map { (index: $0, dimension: dimension) }
      guard let joint = try call.together(places) else { continue }
      result.factors.append(LabelFactor(dimensions: [dimension], labels: joint))
      for index in given where try call.labels(index, dimension) == nil { call.keepsZeros = false }
      try call.selectTogether(places, joint)
    }
    // A dimension with too many positions gets no labels; `FlowAccount` then finds them missing and stops them.
    guard result.shape?[axis] ?? 0 <= positionLimit else { return [result] }
    call.lay(given.map { (index: $0, dimension: axis) })
    let hasZeros = hasPadding && given.contains { call.inputs[$0]?.isZero == true }
    var labels: [ChannelLabel] = []
    for index in given {
      let extent = call.inputs[index]?.shape?[axis] ?? 0
      let own = try call.labels(index, axis) ?? [ChannelLabel](repeating: 0, count: extent)
      if hasZeros, call.inputs[index]?.isZero == true {
        try call.stop(own, "\(call.node.shown) pads with these zeros")
        labels += (0..<extent).map { _ in call.labels.padding() }
      } else {
        // With zeros added, the channels of a narrower axis are a part of a wider axis.
        if hasZeros { call.leave(index, axis) }
        labels += hasZeros ? own.map(call.labels.image) : own
      }
    }
    if labels.contains(where: { call.labels.find($0) > 0 }) {
      result.factors.append(LabelFactor(dimensions: [axis], labels: labels))
    }
    return [result]
  }

  /// The condition must be a constant: the number of positions depends on it.
  static func compress(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let axis = call.int("axis"),
      let axis = call.axis(axis, rank: shape.count),
      let chosen = call.optional(1)?.known?.withBytes({ $0.prefix(shape[axis]).count { $0 != 0 } })
    else { return try call.unknownExtents() }
    try call.stop(try call.labels(0, axis), "\(call.node.shown) selects its positions")
    try call.resolve(0)
    call.keepsZeros = true
    var result = try call.input(0).computed
    result.shape?[axis] = chosen
    return [result]
  }

  static func split(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    call.keepsZeros = true
    guard let shape = x.shape, let axis = call.axis(call.int("axis") ?? 0, rank: shape.count),
      let sizes = sizes(call, shape[axis]), sizes.allSatisfy({ (0...shape[axis]).contains($0) }),
      sizes.count <= 1 << 16, sizes.reduce(0, +) == shape[axis], sizes.count == call.node.outputs.count,
      shape[axis] <= positionLimit
    else { return try call.unknownExtents() }
    var results: [FlowValue] = []
    var start = 0
    call.leave(0, axis)
    for size in sizes {
      var part = try call.taken(x, axis, Array(start..<start + size), leaving: false)
      part.known = nil
      results.append(part)
      start += size
    }
    if call.labels.isChecking, x.factors.contains(where: { $0.dimensions == [axis] }) {
      let counts = results.map { call.context.denseShape($0)?[axis] ?? 0 }
      if call.opset < 13 {
        call.dense.node.attributes["split"] = .ints(counts.map(Int64.init))
      } else {
        call.dense.node.attributes["num_outputs"] = nil
        call.adapted.insert(1)
        call.dense.replace(input: 1, by: call.context.small.integers(counts))
      }
    } else if call.opset >= 13, call.optional(1) != nil {
      try call.adapt(1, sizes.map { _ in nil })
    }
    return results
  }

  private static func sizes(_ call: FlowCall, _ extent: Int) -> [Int]? {
    if let given = call.opset < 13 ? call.ints("split") : call.integers(1) { return given }
    if call.opset >= 13, call.optional(1) != nil { return nil }
    let count = max(1, call.node.outputs.count)
    let size = (extent + count - 1) / count
    return (0..<count).map { max(0, min(size, extent - $0 * size)) }
  }

  static func slice(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    var value = try call.input(0)
    call.keepsZeros = true
    let isOld = call.opset < 10
    guard let shape = value.shape, let starts = isOld ? call.ints("starts") : call.integers(1),
      let ends = isOld ? call.ints("ends") : call.integers(2)
    else { return try call.unknownExtents() }
    let axes = (isOld ? call.ints("axes") : call.integers(3)) ?? Array(starts.indices)
    let steps = (isOld ? nil : call.integers(4)) ?? starts.map { _ in 1 }
    let isGiven = isOld || [3, 4].allSatisfy { call.optional($0) == nil || call.integers($0) != nil }
    let isOnce = Set(axes.map { $0 < 0 ? $0 &+ shape.count : $0 }).count == axes.count
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count, isGiven, isOnce
    else { return try call.unknownExtents() }
    var (newStarts, newEnds): ([Int?], [Int?]) = (starts.map { _ in nil }, ends.map { _ in nil })
    for (place, given) in axes.enumerated() {
      guard let axis = call.axis(given, rank: shape.count) else { return try call.unknownExtents() }
      guard steps[place].magnitude <= 1 << 31, shape[axis] <= positionLimit else {
        return try call.unknownExtents()
      }
      let positions = positions(starts[place], ends[place], steps[place], shape[axis])
      if let labels = value.factors.first(where: { $0.dimensions == [axis] })?.labels,
        positions.count < shape[axis]
      {
        if steps[place] != 1 {
          try call.stop(labels, "\(call.node.shown) takes every \(steps[place])th of its channels")
        }
        if call.labels.isChecking {
          let kept = try call.context.keptBefore(labels, at: call.node.shown)
          let start = positions.first ?? 0
          newStarts[place] = kept[start]
          newEnds[place] = kept[start + positions.count]
        }
      }
      value = try call.taken(value, axis, positions)
    }
    value.known = nil
    value.denseKnown = nil
    if isOld, call.labels.isChecking {
      call.dense.node.attributes["starts"] = .ints(zip(starts, newStarts).map { Int64($1 ?? $0) })
      call.dense.node.attributes["ends"] = .ints(zip(ends, newEnds).map { Int64($1 ?? $0) })
    } else {
      try call.adapt(1, newStarts)
      try call.adapt(2, newEnds)
    }
    return [value]
  }

  private static func positions(_ start: Int, _ end: Int, _ step: Int, _ extent: Int) -> [Int] {
    let high = step > 0 ? extent : extent - 1
    func clamped(_ index: Int, _ low: Int) -> Int {
      min(max(index < 0 ? index &+ extent : index, low), high)
    }
    if step == 0 { return [] }
    // Backwards, only an end can be before the axis.
    return Array(stride(from: clamped(start, 0), to: clamped(end, step > 0 ? 0 : -1), by: step))
  }

  static func pad(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    // The operator of ONNX Runtime always has its pads in an input.
    let isOld = call.node.domain.isEmpty && call.opset < 11
    var value = try call.input(0).computed
    guard let shape = value.shape, let pads = isOld ? call.ints("pads") : call.integers(1) else {
      return try call.unknownExtents()
    }
    let given = call.optional(3) == nil ? Array(shape.indices) : call.integers(3)
    guard let axes = given?.compactMap({ call.axis($0, rank: shape.count) }), axes.count == given?.count,
      pads.count == 2 * axes.count, Set(axes).count == axes.count
    else { return try call.unknownExtents() }
    var isZero = call.string("mode") ?? "constant" == "constant"
    if case .float(let number)? = call.node.attributes["value"], number != 0 { isZero = false }
    if call.optional(2) != nil, call.optional(2)?.known?.reals?.first != 0 { isZero = false }
    call.keepsZeros = isZero
    for (place, axis) in axes.enumerated() {
      let (before, behind) = (pads[place], pads[place + axes.count])
      guard before != 0 || behind != 0 else { continue }
      guard before.magnitude <= 1 << 31, behind.magnitude <= 1 << 31 else { return try call.unknownExtents() }
      let labels = try call.labels(of: &value, axis)
      value.shape?[axis] = max(0, shape[axis] + before + behind)
      guard let labels else { continue }
      guard isZero, before >= 0, behind >= 0, before + behind <= 1 << 20 else {
        try call.stop(labels, "\(call.node.shown) pads its channels with more than zeros")
        value.factors.removeAll { $0.dimensions == [axis] }
        continue
      }
      call.leave(0, axis)
      value.factors = value.factors.map { factor in
        guard factor.dimensions == [axis] else { return factor }
        return LabelFactor(
          dimensions: [axis],
          labels: (0..<before).map { _ in call.labels.padding() } + factor.labels.map(call.labels.image)
            + (0..<behind).map { _ in call.labels.padding() })
      }
    }
    return [value]
  }
}

extension FlowCall {
  /// Whether these are all positions of a dimension in order, if there are as many.
  private func isWhole(_ positions: [Int]) -> Bool { positions.indices.allSatisfy { positions[$0] == $0 } }

  /// The value with only these positions of a dimension, in this order.
  ///
  /// - Parameter leaving: whether to declare that the other positions do not continue.
  func taken(
    _ value: FlowValue, _ axis: Int, _ positions: [Int], leaving: Bool = true
  ) throws(FlowError) -> FlowValue {
    guard let shape = value.shape else { return .unknown }
    var result = value.computed
    result.isZero = value.isZero
    result.factors = []
    for factor in value.factors {
      guard let place = factor.dimensions.firstIndex(of: axis),
        positions.count != shape[axis] || !isWhole(positions)
      else {
        result.factors.append(factor)
        continue
      }
      var inner = 1
      for dimension in factor.dimensions[(place + 1)...] { inner *= shape[dimension] }
      let block = shape[axis] * inner
      var labels: [ChannelLabel] = []
      for outer in 0..<(factor.labels.count / max(1, block)) {
        for position in positions {
          labels += factor.labels[(outer * block + position * inner)...].prefix(inner)
        }
      }
      try spend(labels.count)
      // Positions that are not selected need no dimension.
      if leaving { for dimension in factor.dimensions { leave(0, dimension, but: labels) } }
      result.factors.append(LabelFactor(dimensions: factor.dimensions, labels: labels))
    }
    result.shape?[axis] = positions.count
    return result
  }

  /// Replaces numbers of an input of extents or positions in the dense network; nil keeps the number of the whole
  /// network.
  ///
  /// If the graph computes the numbers at run time, the difference is added.
  func adapt(_ index: Int, _ wanted: [Int?]) throws(FlowError) {
    adapted.insert(index)
    guard labels.isChecking, let value = optional(index) else { return }
    let found = value.isConstant ? value.known?.integers : value.denseKnown?.integers
    guard let full = value.known?.integers, full.count == wanted.count, let found, found.count == full.count
    else {
      if value.counted.isEmpty, !wanted.contains(where: { $0 != nil }) { return }
      throw refusal("extents that are known before the network runs", "unknown ones")
    }
    let numbers = zip(full, wanted).map { $1 ?? $0 }
    if numbers == found { return }
    if value.isConstant {
      dense.replace(input: index, by: context.small.integers(numbers, like: value.known))
    } else {
      let delta = zip(numbers, found).map { $0 &- $1 }
      let constant = dense.constant(context.small.integers(delta, like: value.known))
      dense.put("Add", before: index, with: [constant])
    }
  }
}
