internal import Inference
internal import ONNXGraph

/// One node while the walk is at it: what goes in, and, of a sub-network, what the node becomes there.
final class FlowCall {
  let node: Node
  /// Nil for inputs that are not given.
  var inputs: [FlowValue?]
  /// Inputs whose labels the rule has asked for; the first passes in every rule.
  var touched: Set<Int> = [0]
  /// Inputs that say extents or places, which the rule gives other numbers in a sub-network.
  var adapted: Set<Int> = []
  /// Labels that end here as they should: those of sums, and of positions that are left out.
  private var ended: [[ChannelLabel]] = []
  let opset: Int
  let context: FlowContext
  /// The node of the dense sub-network.
  var dense: DenseNode
  /// Whether positions that are zero in all inputs that have them are zero in the outputs.
  var keepsZeros = false

  init(_ node: Node, _ inputs: [FlowValue?], opset: Int, context: FlowContext) {
    self.node = node
    self.inputs = inputs
    self.opset = opset
    self.context = context
    dense = DenseNode(node, taken: context.names)
  }

  var labels: ChannelLabels { context.labels }

  func input(_ index: Int) throws(FlowError) -> FlowValue {
    guard let value = optional(index) else { throw refusal("an input \(index)", "none") }
    return value
  }

  func optional(_ index: Int) -> FlowValue? { inputs.indices.contains(index) ? inputs[index] : nil }

  func refusal(_ expected: String, _ found: String) -> FlowError {
    .refused(path: context.path, place: node.shown, expected: expected, found: found)
  }

  // MARK: Attributes

  func int(_ name: String) -> Int? {
    if case .int(let value)? = node.attributes[name] { Int(value) } else { nil }
  }

  func ints(_ name: String) -> [Int]? {
    if case .ints(let values)? = node.attributes[name] { values.map { Int($0) } } else { nil }
  }

  func string(_ name: String) -> String? {
    if case .string(let bytes)? = node.attributes[name] {
      String(decoding: bytes, as: UTF8.self)
    } else {
      nil
    }
  }

  /// Whole numbers of an input that are known before the network runs.
  func integers(_ index: Int) -> [Int]? { optional(index)?.known?.integers }

  /// An axis counted from the front; nil where it is none.
  func axis(_ axis: Int, rank: Int) -> Int? {
    let place = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(place) ? place : nil
  }

  // MARK: Labels

  /// The labels of one dimension of an input; nil where it is not cut.
  func labels(_ index: Int, _ dimension: Int) throws(FlowError) -> [ChannelLabel]? {
    touched.insert(index)
    guard var value = optional(index) else { return nil }
    let result = try labels(of: &value, dimension)
    inputs[index] = value
    return result
  }

  func labels(of value: inout FlowValue, _ dimension: Int) throws(FlowError) -> [ChannelLabel]? {
    simplify(&value)
    guard let place = value.factors.firstIndex(where: { $0.dimensions.contains(dimension) }) else {
      return nil
    }
    if value.factors[place].dimensions.count > 1 { try resolve(&value, place) }
    return value.factors.first { $0.dimensions == [dimension] }?.labels
  }

  /// Every factor of an input on one dimension.
  func resolve(_ index: Int) throws(FlowError) {
    touched.insert(index)
    guard var value = optional(index) else { return }
    simplify(&value)
    while let place = value.factors.firstIndex(where: { $0.dimensions.count > 1 }) {
      try resolve(&value, place)
    }
    inputs[index] = value
  }

  /// Drops labels that have become whole, and gives a joint factor to the dimension that alone decides.
  func simplify(_ value: inout FlowValue) {
    guard !value.factors.isEmpty, let shape = value.shape else { return }
    var result: [LabelFactor] = []
    for var factor in value.factors {
      factor.labels = factor.labels.map(labels.find)
      if factor.labels.allSatisfy({ $0 == 0 }) { continue }
      if factor.dimensions.count > 1, let simple = simplified(factor, shape) {
        result.append(simple)
      } else {
        result.append(factor)
      }
    }
    value.factors = result
  }

  private func simplified(_ factor: LabelFactor, _ shape: [Int]) -> LabelFactor? {
    let extents = factor.dimensions.map { shape[$0] }
    var inner = factor.labels.count
    for (place, extent) in extents.enumerated() {
      inner /= max(1, extent)
      if extent == 1 { continue }
      let own = (0..<extent).map { factor.labels[$0 * inner] }
      let agrees = factor.labels.indices.allSatisfy { factor.labels[$0] == own[$0 / inner % extent] }
      if agrees { return LabelFactor(dimensions: [factor.dimensions[place]], labels: own) }
    }
    return nil
  }

  /// Makes the outermost dimension of a joint factor the one that is cut.
  private func resolve(_ value: inout FlowValue, _ place: Int) throws(FlowError) {
    guard let shape = value.shape else { return }
    let factor = value.factors[place]
    if labels.isChecking {
      throw refusal("channels that a reshape keeps together in one unit", "a cut through them")
    }
    let carrier = factor.dimensions.first { shape[$0] > 1 } ?? factor.dimensions[0]
    var inner = 1
    for dimension in factor.dimensions where dimension > carrier { inner *= shape[dimension] }
    var own = [ChannelLabel](repeating: 0, count: shape[carrier])
    for index in own.indices { own[index] = factor.labels[index * inner] }
    for (index, label) in factor.labels.enumerated() {
      let at = index / max(1, inner) % max(1, shape[carrier])
      if labels.find(label) == 0 || labels.find(own[at]) == 0 {
        labels.fix(label, "\(node.shown) needs positions together of which one is whole")
        labels.fix(own[at], "\(node.shown) needs positions together of which one is whole")
        own[at] = 0
      } else {
        own[at] = labels.join(own[at], label) ?? own[at]
      }
    }
    value.factors[place] = LabelFactor(dimensions: [carrier], labels: own)
    simplify(&value)
  }

  /// Joins the labels of positions that must be cut alike; values that are not cut take what others are.
  func joined(_ a: [ChannelLabel]?, _ b: [ChannelLabel]?, _ what: String) throws(FlowError) -> [ChannelLabel]?
  {
    guard let a, let b else { return a ?? b }
    guard a.count == b.count else { throw refusal("\(a.count) positions of \(what)", "\(b.count)") }
    var result: [ChannelLabel] = []
    result.reserveCapacity(a.count)
    // Channels that came through padding go on as those of the axis that they meet.
    var replaced: [ChannelLabel] = []
    for (one, other) in zip(a, b) {
      guard let label = labels.join(one, other) else {
        throw refusal("\(what) that \(labels.words(one)) has", "\(labels.words(other))")
      }
      if label != one { replaced.append(one) }
      if label != other { replaced.append(other) }
      result.append(label)
    }
    leave(replaced)
    return result
  }

  /// Gives a weight's dimension the labels of the values that it meets; where those are whole, so is it.
  func follow(
    _ leader: [ChannelLabel]?, _ weight: [ChannelLabel]?, _ what: String
  ) throws(FlowError) -> [ChannelLabel]? {
    guard let weight else { return leader }
    let leader = leader ?? [ChannelLabel](repeating: 0, count: weight.count)
    guard leader.count == weight.count else {
      throw refusal("\(leader.count) positions of \(what)", "\(weight.count)")
    }
    if !labels.isChecking {
      for (one, other) in zip(leader, weight) where labels.find(one) <= 0 {
        labels.fix(other, "\(node.shown) meets channels there that are whole")
      }
    }
    return try joined(leader, weight, what)
  }

  /// The same for a weight that no operator could meet with another extent: where it is whole, so are the values.
  ///
  /// A weight that the graph computes from what is not cut gives each kept channel its own element.
  func meet(
    _ leader: [ChannelLabel]?, _ index: Int, _ dimension: Int
  ) throws(FlowError) -> [ChannelLabel]? {
    guard let value = optional(index), value.shape != nil else { return leader }
    let weight = try labels(index, dimension)
    guard let weight else {
      if leader != nil { keepsZeros = keepsZeros && value.isZero }
      if labels.isChecking {
        if let leader { try select(index, dimension, leader.map(labels.isKept)) }
        return leader
      }
      if value.constant == nil { return leader }
      fix(leader, "the weights of \(node.shown) are whole")
      return nil
    }
    if labels.isChecking {
      // What a sub-network lacks of the bias would still come out of the rest.
      let own = leader ?? [ChannelLabel](repeating: 0, count: weight.count)
      if zip(own, weight).contains(where: { $0 == 0 && $1 > 0 }) {
        throw refusal("channels that are whole, as what it meets", "input \(index) cut")
      }
    } else if let leader, leader.count == weight.count {
      for (one, other) in zip(leader, weight) where labels.find(other) == 0 {
        labels.fix(one, "the weights of \(node.shown) are whole")
      }
    }
    return try follow(leader, weight, "channels")
  }

  /// The labels of dimensions that lie on one another: values that the network computes decide, weights follow.
  func together(_ places: [(index: Int, dimension: Int)]) throws(FlowError) -> [ChannelLabel]? {
    var result: [ChannelLabel]?
    var hasLeader = false
    for isConstant in [false, true] {
      for (index, dimension) in places where optional(index)?.isConstant == isConstant {
        let own = try labels(index, dimension)
        result =
          isConstant && hasLeader ? try follow(result, own, "channels") : try joined(result, own, "channels")
        hasLeader = hasLeader || !isConstant
      }
    }
    return result
  }

  /// Takes from each of them, in the dense network, what the result has.
  func selectTogether(
    _ places: [(index: Int, dimension: Int)], _ result: [ChannelLabel]?
  ) throws(FlowError) {
    guard labels.isChecking, let wanted = result?.map(labels.isKept), wanted.contains(false) else { return }
    for (index, dimension) in places { try select(index, dimension, wanted) }
  }

  // MARK: Where labels end

  /// A weighted sum takes the channels in.
  func end(_ list: [ChannelLabel]?) {
    for label in list ?? [] { labels.end(label) }
    leave(list)
  }

  /// Positions that are left out, or that go on under another label.
  func leave(_ list: [ChannelLabel]?) { if let list { ended.append(list) } }

  /// Makes atoms whole; what a plan cuts all the same must be held against it by the caller.
  func fix(_ list: [ChannelLabel]?, _ reason: String) {
    for label in list ?? [] { labels.fix(label, reason) }
  }

  /// Nothing may be cut here: atoms become whole, and a plan that cuts them is refused.
  func stop(_ list: [ChannelLabel]?, _ reason: String) throws(FlowError) {
    fix(list, reason)
    if labels.isChecking, let cut = list?.first(where: { $0 != 0 }) {
      throw refusal("channels that are whole, since \(reason)", "\(labels.words(cut))")
    }
  }

  /// Nothing of a value may be cut.
  func stop(_ value: FlowValue?, _ reason: String) throws(FlowError) {
    for factor in value?.factors ?? [] { try stop(factor.labels, reason) }
  }

  /// Nothing of any input may be cut, and nothing is known of the outputs.
  func stopAll(_ reason: String) throws(FlowError) -> [FlowValue] {
    for input in inputs { try stop(input, reason) }
    return node.outputs.map { _ in .unknown }
  }

  /// The same where extents are not known.
  func unknownExtents() throws(FlowError) -> [FlowValue] {
    try stopAll("the extents at \(node.shown) are not known")
  }

  /// Holds what came in against what goes out: a label that neither ends here nor goes on has not been followed.
  ///
  /// - Parameter isUsed: whether anything takes the output of this number.
  func account(
    _ given: [FlowValue?], _ outputs: [FlowValue], isUsed: (Int) -> Bool
  ) throws(FlowError) {
    var areKnown = true
    labels.clearMarks()
    ended.forEach(labels.mark)
    for place in node.outputs.indices where isUsed(place) {
      guard outputs.indices.contains(place), outputs[place].shape != nil else {
        areKnown = false
        continue
      }
      for factor in outputs[place].factors { labels.mark(factor.labels) }
    }
    let reason =
      areKnown
      ? "\(node.shown) does something else with it than with channels"
      : "not everything that \(node.shown) makes can be followed"
    for (place, value) in given.enumerated() {
      for factor in value?.factors ?? [] {
        let isFollowed = areKnown && touched.contains(place)
        try stop(isFollowed ? factor.labels.filter { !labels.isMarked($0) } : factor.labels, reason)
      }
    }
  }
}
