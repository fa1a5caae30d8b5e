internal import Inference
internal import ONNXGraph

/// Operators that keep every element and change the dimensions.
enum ReshapeRule {
  static func reshape(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape, let target = call.integers(1),
      let full = extents(target, of: shape, allowsZero: call.int("allowzero") == 1)
    else { return try call.unknownExtents() }
    let result = try reshaped(call, full)
    call.adapted.insert(1)
    guard call.labels.isChecking else { return [result] }
    guard let dense = call.context.denseShape(result), let source = call.context.denseShape(x) else {
      throw call.refusal("channels that lie on one dimension after it", "a cut across several")
    }
    var wanted: [Int?] = full.map { _ in nil }
    for (place, extent) in full.enumerated() where dense[place] != extent && target[place] != -1 {
      if target[place] == 0, source.indices.contains(place), source[place] == dense[place] { continue }
      wanted[place] = dense[place]
    }
    // A 0 copies an extent of the input; here it would copy one that is cut.
    for (place, number) in target.enumerated() where number == 0 && wanted[place] == nil {
      if source.indices.contains(place), source[place] != dense[place] { wanted[place] = dense[place] }
    }
    try call.adapt(1, wanted)
    return [result]
  }

  static func flatten(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape else { return try call.unknownExtents() }
    let given = call.int("axis") ?? 1
    let axis = min(max(given < 0 ? given + shape.count : given, 0), shape.count)
    guard let outer = product(Array(shape[..<axis])), let inner = product(Array(shape[axis...])) else {
      return try call.unknownExtents()
    }
    return [try reshaped(call, [outer, inner])]
  }

  private static func extents(_ target: [Int], of shape: [Int], allowsZero: Bool) -> [Int]? {
    var result = target
    for (place, extent) in target.enumerated() where extent == 0 && !allowsZero {
      guard place < shape.count else { return nil }
      result[place] = shape[place]
    }
    guard result.allSatisfy({ $0 >= -1 }), let total = product(shape) else { return nil }
    guard let open = result.firstIndex(of: -1) else { return product(result) == total ? result : nil }
    result[open] = 1
    guard let rest = product(result), rest > 0, total % rest == 0, result.allSatisfy({ $0 >= 0 }) else {
      return nil
    }
    result[open] = total / rest
    return result
  }

  /// The product; nil if it overflows. An extent of 0 does not prevent that: the other extents are multiplied too.
  private static func product(_ extents: [Int]) -> Int? {
    var (product, isEmpty) = (1, false)
    for extent in extents {
      if extent == 0 {
        isEmpty = true
        continue
      }
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      product = next
    }
    return isEmpty ? 0 : product
  }

  /// Groups of old and new dimensions with equal products, in order.
  private static func groups(_ old: [Int], _ new: [Int]) -> [(old: Range<Int>, new: Range<Int>)]? {
    var result: [(Range<Int>, Range<Int>)] = []
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      let (first, second) = (i, j)
      var (p, q) = (1, 1)
      if i < old.count { (p, i) = (old[i], i + 1) }
      if j < new.count { (q, j) = (new[j], j + 1) }
      while p != q {
        if p < q, i < old.count {
          (p, i) = (p * old[i], i + 1)
        } else if q < p, j < new.count {
          (q, j) = (q * new[j], j + 1)
        } else {
          return nil
        }
      }
      result.append((first..<i, second..<j))
    }
    return result
  }

  /// The most positions of a value whose labels are looked up one by one.
  private static let positionLimit = 1 << 20

  private static func reshaped(_ call: FlowCall, _ new: [Int]) throws(FlowError) -> FlowValue {
    var value = try call.input(0)
    try call.simplify(&value)
    call.keepsZeros = true
    let old = value.shape ?? []
    var result = value.computed
    result.shape = new
    result.isZero = value.isZero
    if value.factors.isEmpty { return result }
    guard !old.contains(0), let groups = groups(old, new) else {
      for factor in value.factors {
        try call.stop(factor.labels, "\(call.node.shown) has extents that do not fit each other")
      }
      result.factors = []
      return result
    }
    call.inputs[0] = value
    let fits = value.factors.allSatisfy { factor in
      groups.contains { group in factor.dimensions.allSatisfy(group.old.contains) }
    }
    if !fits { try call.resolve(0) }
    value = try call.input(0)
    result.factors = []
    for group in groups {
      let factors = value.factors.filter { $0.dimensions.allSatisfy(group.old.contains) }
      guard let factor = factors.first else { continue }
      let count = group.old.reduce(1) { $0 * old[$1] }
      for other in factors.dropFirst() {
        try call.stop(other.labels, "\(call.node.shown) merges it with other channels")
      }
      // A factor with too many positions is dropped; `FlowAccount` then finds it missing and stops it.
      guard count <= positionLimit else { continue }
      let labels = spread(factor, over: group.old, old, count)
      result.factors.append(LabelFactor(dimensions: group.new.filter { new[$0] > 1 }, labels: labels))
    }
    try call.simplify(&result)
    return result
  }

  /// The labels of all positions of some dimensions.
  private static func spread(_ factor: LabelFactor, over group: Range<Int>, _ shape: [Int], _ count: Int)
    -> [ChannelLabel]
  {
    // For each dimension of the factor: its step among all positions, its extent, and its step among the labels.
    var steps: [(outer: Int, extent: Int, own: Int)] = []
    var (step, own) = (1, 1)
    for dimension in group.reversed() {
      if factor.dimensions.contains(dimension) {
        steps.append((step, shape[dimension], own))
        own *= shape[dimension]
      }
      step *= shape[dimension]
    }
    return (0..<count).map { position in
      factor.labels[steps.reduce(0) { $0 + position / $1.outer % $1.extent * $1.own }]
    }
  }

  static func transpose(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    var value = try call.input(0)
    guard let shape = value.shape else { return try call.unknownExtents() }
    call.keepsZeros = true
    let order = call.ints("perm") ?? Array(shape.indices.reversed())
    guard order.sorted() == Array(shape.indices) else { return try call.unknownExtents() }
    try call.simplify(&value)
    var result = value.computed
    result.isZero = value.isZero
    result.shape = order.map { shape[$0] }
    result.factors = value.factors.map { factor in
      let targets = order.indices.filter { factor.dimensions.contains(order[$0]) }
      if targets.count == 1 { return LabelFactor(dimensions: targets, labels: factor.labels) }
      var steps: [Int: Int] = [:]
      var step = 1
      for dimension in factor.dimensions.reversed() {
        steps[dimension] = step
        step *= shape[dimension]
      }
      var labels: [ChannelLabel] = []
      labels.reserveCapacity(factor.labels.count)
      var index = [Int](repeating: 0, count: targets.count)
      for _ in factor.labels.indices {
        var place = 0
        for (slot, target) in targets.enumerated() { place += index[slot] * (steps[order[target]] ?? 0) }
        labels.append(factor.labels[place])
        for slot in targets.indices.reversed() {
          index[slot] += 1
          if index[slot] < shape[order[targets[slot]]] { break }
          index[slot] = 0
        }
      }
      return LabelFactor(dimensions: targets, labels: labels)
    }
    return [result]
  }

  static func squeeze(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape else { return try call.unknownExtents() }
    call.keepsZeros = true
    var axes = shape.indices.filter { shape[$0] == 1 }
    if let given = call.opset < 13 ? call.ints("axes") : call.integers(1) {
      axes = given.compactMap { call.axis($0, rank: shape.count) }
      guard axes.allSatisfy({ shape[$0] == 1 }) else {
        throw call.refusal("dimensions of one position", "\(axes.map { shape[$0] })")
      }
    } else if call.opset >= 13, call.optional(1) != nil {
      return try call.unknownExtents()
    }
    var value = x
    try call.simplify(&value)
    // A cut dimension with one channel left would be squeezed too.
    if call.labels.isChecking, !value.factors.isEmpty, call.optional(1) == nil,
      call.node.attributes["axes"] == nil
    {
      if call.opset < 13 {
        call.dense.node.attributes["axes"] = .ints(axes.map(Int64.init))
      } else {
        call.dense.replace(input: 1, by: call.context.small.integers(axes))
      }
    }
    var result = value.computed.without(axes)
    result.isZero = value.isZero
    return [result]
  }

  static func unsqueeze(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try unsqueeze(call, call.opset < 13 ? call.ints("axes") : call.integers(1))
  }

  static func expandDims(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try unsqueeze(call, call.integers(1).flatMap { $0.count == 1 ? $0 : nil })
  }

  private static func unsqueeze(_ call: FlowCall, _ given: [Int]?) throws(FlowError) -> [FlowValue] {
    var value = try call.input(0)
    guard let shape = value.shape, let given else { return try call.unknownExtents() }
    call.keepsZeros = true
    let rank = shape.count + given.count
    guard rank <= 64 else { return try call.unknownExtents() }
    let axes = given.compactMap { call.axis($0, rank: rank) }
    guard Set(axes).count == given.count else { return try call.unknownExtents() }
    let places = (0..<rank).filter { !axes.contains($0) }
    try call.simplify(&value)
    var result = value.computed
    result.isZero = value.isZero
    var extents = [Int](repeating: 1, count: rank)
    for (place, target) in places.enumerated() { extents[target] = shape[place] }
    result.shape = extents
    result.factors = value.factors.map { factor in
      LabelFactor(dimensions: factor.dimensions.map { places[$0] }, labels: factor.labels)
    }
    return [result]
  }
}
