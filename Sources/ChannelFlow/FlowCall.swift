internal import Inference
internal import ONNXGraph

/// One node during the walk: its inputs, and the node that replaces it in a dense sub-network.
final class FlowCall {
  let node: Node
  /// The inputs; nil for an optional input that is not given.
  var inputs: [FlowValue?]
  /// Inputs with extents or positions that the rule changes in a sub-network.
  var adapted: Set<Int> = []
  /// The rule's declarations about the inputs' labels.
  private var said = FlowAccount()
  /// Whether all labels of all inputs have been stopped.
  private var isStopped = false
  let opset: Int
  let context: FlowContext
  /// The node in the dense sub-network.
  var dense: DenseNode
  /// Whether the outputs are zero at every position at which all inputs with this position are zero.
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

  /// The integers of an input, if they are known before the network runs.
  func integers(_ index: Int) -> [Int]? { optional(index)?.known?.integers }

  /// An axis counted from the front; nil if it is out of range.
  func axis(_ axis: Int, rank: Int) -> Int? {
    let place = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(place) ? place : nil
  }

  // MARK: Labels

  /// The labels of one dimension of an input; nil if it is not cut.
  func labels(_ index: Int, _ dimension: Int) throws(FlowError) -> [ChannelLabel]? {
    guard var value = optional(index) else { return nil }
    let result = try labels(of: &value, dimension)
    inputs[index] = value
    return result
  }

  func labels(of value: inout FlowValue, _ dimension: Int) throws(FlowError) -> [ChannelLabel]? {
    try simplify(&value)
    guard let place = value.factors.firstIndex(where: { $0.dimensions.contains(dimension) }) else {
      return nil
    }
    if value.factors[place].dimensions.count > 1 { try resolve(&value, place) }
    return value.factors.first { $0.dimensions == [dimension] }?.labels
  }

  /// Resolves every factor of an input to a single dimension.
  func resolve(_ index: Int) throws(FlowError) {
    guard var value = optional(index) else { return }
    try simplify(&value)
    while let place = value.factors.firstIndex(where: { $0.dimensions.count > 1 }) {
      try resolve(&value, place)
    }
    inputs[index] = value
  }

  /// Drops lists that have become whole. Moves a joint factor to one dimension if that dimension alone determines its
  /// labels.
  ///
  /// Other lists stay the same in memory, so passing them on takes constant time.
  func simplify(_ value: inout FlowValue) throws(FlowError) {
    guard !value.factors.isEmpty, let shape = value.shape else { return }
    var result: [LabelFactor] = []
    for var factor in value.factors {
      guard factor.labels.contains(where: { labels.find($0) != 0 }) else { continue }
      if factor.dimensions.count > 1 {
        try spend(factor.labels.count)
        factor.labels = factor.labels.map(labels.find)
        factor = simplified(factor, shape) ?? factor
      }
      result.append(factor)
    }
    value.factors = result
  }

  func spend(_ count: Int) throws(FlowError) { try context.spend(count, at: node.shown) }

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

  /// Resolves a joint factor: the cut is on its outermost dimension.
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
        labels.fix(label, "\(node.shown) joins positions, one of which is whole")
        labels.fix(own[at], "\(node.shown) joins positions, one of which is whole")
        own[at] = 0
      } else {
        own[at] = labels.join(own[at], label) ?? own[at]
      }
    }
    value.factors[place] = LabelFactor(dimensions: [carrier], labels: own)
    try simplify(&value)
  }

  /// Joins the labels of positions that must be cut alike. A value that is not cut gets the labels of the other.
  func joined(_ a: [ChannelLabel]?, _ b: [ChannelLabel]?, _ what: String) throws(FlowError) -> [ChannelLabel]?
  {
    guard let a, let b else { return a ?? b }
    if a.isSameList(b) { return a }
    try spend(a.count)
    guard a.count == b.count else { throw refusal("\(a.count) positions of \(what)", "\(b.count)") }
    var result: [ChannelLabel] = []
    result.reserveCapacity(a.count)
    // The axis's own labels replace those of padded channels.
    var replaced: [ChannelLabel] = []
    for (one, other) in zip(a, b) {
      guard let label = labels.join(one, other) else {
        throw refusal("\(what) that \(labels.words(one)) has", "\(labels.words(other))")
      }
      // Joined atoms are one; parts of a plan remain two labels.
      if labels.isChecking, label != one { replaced.append(one) }
      if labels.isChecking, label != other { replaced.append(other) }
      result.append(label)
    }
    said.replace(replaced)
    return result == a ? a : result
  }

  /// Gives a weight's dimension the labels of the values that it is combined with. If these are whole, the weight
  /// becomes whole.
  func follow(
    _ leader: [ChannelLabel]?, _ weight: [ChannelLabel]?, _ what: String
  ) throws(FlowError) -> [ChannelLabel]? {
    guard let weight else { return leader }
    if let leader, leader.isSameList(weight) { return leader }
    let leader = leader ?? [ChannelLabel](repeating: 0, count: weight.count)
    guard leader.count == weight.count else {
      throw refusal("\(leader.count) positions of \(what)", "\(weight.count)")
    }
    if !labels.isChecking {
      for (one, other) in zip(leader, weight) where labels.find(one) <= 0 {
        labels.fix(other, "\(node.shown) combines them with channels that are whole")
      }
    }
    return try joined(leader, weight, what)
  }

  /// `follow` for a weight that cannot broadcast: if it is whole, the values become whole too.
  ///
  /// A weight without labels may be computed by the graph; then the dense node selects the kept channels from it.
  ///
  /// - Parameter place: the origin of the leader's labels.
  func meet(
    _ leader: [ChannelLabel]?, of place: FlowPlace, _ index: Int, _ dimension: Int
  ) throws(FlowError) -> [ChannelLabel]? {
    guard let value = optional(index), value.shape != nil else { return leader }
    said.lay([place, FlowPlace(index: index, dimension: dimension)])
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
      // The sub-network would have these channels, but would lack their elements of the bias.
      let own = leader ?? [ChannelLabel](repeating: 0, count: weight.count)
      if zip(own, weight).contains(where: { $0 == 0 && $1 > 0 }) {
        throw refusal("input \(index) to be whole, like the channels that it is combined with", "a cut")
      }
    } else if let leader, leader.count == weight.count {
      for (one, other) in zip(leader, weight) where labels.find(other) == 0 {
        labels.fix(one, "the weights of \(node.shown) are whole")
      }
    }
    return try follow(leader, weight, "channels")
  }

  /// The labels of dimensions that coincide; computed values determine them, and weights get the same labels.
  func together(_ places: [(index: Int, dimension: Int)]) throws(FlowError) -> [ChannelLabel]? {
    lay(places)
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

  /// In the dense network, selects the positions of the result from each of these inputs.
  func selectTogether(
    _ places: [(index: Int, dimension: Int)], _ result: [ChannelLabel]?
  ) throws(FlowError) {
    guard labels.isChecking, let result, result.contains(where: { !labels.isKept($0) }) else { return }
    let wanted = result.map(labels.isKept)
    for (index, dimension) in places {
      let own = optional(index)?.factors.first { $0.dimensions == [dimension] }
      if own?.labels.isSameList(result) == true { continue }
      try spend(wanted.count)
      try select(index, dimension, wanted)
    }
  }

  // MARK: Where labels end

  /// Declares that dimensions of inputs coincide, and continue as one.
  func lay(_ places: [(index: Int, dimension: Int)]) {
    said.lay(places.map { FlowPlace(index: $0.index, dimension: $0.dimension) })
  }

  /// Ends the labels of a dimension, because a weighted sum consumes its channels.
  func end(_ index: Int, _ dimension: Int) throws(FlowError) {
    let list = try labels(index, dimension) ?? []
    try spend(list.count)
    for label in list { labels.end(label) }
    leave(index, dimension)
  }

  /// Declares that only some positions of a dimension continue, or that positions continue under another label.
  ///
  /// - Parameter kept: the labels that continue unchanged.
  func leave(_ index: Int, _ dimension: Int, but kept: [ChannelLabel] = []) {
    said.leave(FlowPlace(index: index, dimension: dimension), but: kept)
  }

  /// Declares the same for every dimension of an input.
  func leave(_ index: Int) {
    for factor in optional(index)?.factors ?? [] { leave(index, factor.dimensions[0]) }
  }

  /// Makes atoms whole. When a plan is checked, this does nothing: the caller must refuse a plan that cuts them.
  func fix(_ list: [ChannelLabel]?, _ reason: @autoclosure () -> String) {
    guard !labels.isChecking, let list, !list.isEmpty else { return }
    let reason = reason()
    for label in list { labels.fix(label, reason) }
  }

  /// Stops labels: atoms become whole, and a plan that cuts them is refused.
  ///
  /// - Parameter reason: made only if it is needed, because this is called for every node.
  func stop(_ list: [ChannelLabel]?, _ reason: @autoclosure () -> String) throws(FlowError) {
    fix(list, reason())
    if labels.isChecking, let cut = list?.first(where: { $0 != 0 }) {
      let reason = reason()
      // The place of the refusal already names the node.
      let isOfNode = reason.hasPrefix("\(node.shown) ")
      let words = isOfNode ? "it\(reason.dropFirst(node.shown.count))" : reason
      throw refusal("channels that are whole, since \(words)", "\(labels.words(cut))")
    }
  }

  /// Stops all labels of a value.
  func stop(_ value: FlowValue?, _ reason: @autoclosure () -> String) throws(FlowError) {
    for factor in value?.factors ?? [] { try stop(factor.labels, reason()) }
  }

  /// Stops all labels of all inputs; the outputs are unknown.
  func stopAll(_ reason: String) throws(FlowError) -> [FlowValue] {
    for place in inputs.indices {
      try stop(inputs[place], reason)
      if context.isExhausted {
        fix(inputs[place]?.counted, reason)
        inputs[place]?.counted = []
      }
      // A wide value that many nodes use is stopped only once.
      inputs[place]?.factors = []
    }
    isStopped = true
    return node.outputs.map { _ in .unknown }
  }

  /// Stops all labels, because extents are unknown.
  func unknownExtents() throws(FlowError) -> [FlowValue] {
    try stopAll("the extents at \(node.shown) are not known")
  }

  /// Compares inputs with outputs, and stops each label that neither ends here nor continues.
  ///
  /// - Parameter isUsed: whether a node, or an output of the graph, uses the node's output of this number.
  func account(
    _ given: [FlowValue?], _ outputs: [FlowValue], isUsed: (Int) -> Bool
  ) throws(FlowError) {
    if isStopped { return }
    let used = node.outputs.indices.filter(isUsed)
    guard used.allSatisfy({ outputs.indices.contains($0) && outputs[$0].shape != nil }) else {
      _ = try stopAll("some outputs of \(node.shown) cannot be followed")
      return
    }
    let missed = try said.missed(given, used.map { outputs[$0] }, context, shown: node.shown)
    try stop(missed, "\(node.shown) does not keep its channels apart")
  }
}
