internal import Inference
internal import ONNXGraph

/// A grouped convolution, which can be cut in two ways: whole groups are left out, or every group loses the same
/// channels.
struct GroupedConvolution {
  let call: FlowCall
  /// The input with the weight; the values are input 0.
  let weightsInput: Int
  let groups: Int
  /// Dimensions of the weight (`input`, `output`).
  let input: Int
  let output: Int
  let isTransposed: Bool
  let inPerGroup: Int
  let outPerGroup: Int

  init(
    _ call: FlowCall, weightsInput: Int, groups: Int, input: Int, output: Int, isTransposed: Bool,
    weights: [Int]
  ) {
    self.call = call
    self.weightsInput = weightsInput
    self.groups = groups
    self.input = input
    self.output = output
    self.isTransposed = isTransposed
    // w is [C, K / groups] if transposed, otherwise [K, C / groups].
    inPerGroup = isTransposed ? weights[0] / groups : weights[1]
    outPerGroup = isTransposed ? weights[1] : weights[0] / groups
  }

  /// The labels of the output's channels, and the weight's dimension that they come from.
  func apply() throws(FlowError) -> (labels: [ChannelLabel]?, dimension: Int) {
    let x = try call.labels(0, 1)
    let first = try call.labels(weightsInput, 0)
    let second = try call.labels(weightsInput, 1)
    let byGroups: Bool
    if call.labels.isChecking {
      // If the input is whole, only outputs can be cut, alike in every group.
      byGroups = second == nil && x != nil
    } else {
      byGroups =
        inPerGroup == 1 && outPerGroup == 1 || groups >= call.context.unitCount && inPerGroup < groups
    }
    return byGroups
      ? (try wholeGroups(x, first, second), 0) : (try within(x, first, second), isTransposed ? 1 : 0)
  }

  private func wholeGroups(
    _ x: [ChannelLabel]?, _ first: [ChannelLabel]?, _ second: [ChannelLabel]?
  ) throws(FlowError) -> [ChannelLabel]? {
    try call.stop(second, "\(call.node.shown) is cut by groups")
    let inner = isTransposed ? inPerGroup : outPerGroup
    guard let x, let first else {
      call.fix(first, "\(call.node.shown) combines them with channels that are whole")
      call.fix(x, "the weights of \(call.node.shown) are whole")
      guard call.labels.isChecking, x != nil || first != nil else { return nil }
      throw call.refusal("channels and their groups' weights cut alike", "only one of them cut")
    }
    // A group sums over its own channels. Their label continues, because the group's outputs have it.
    call.leave(0, 1)
    // One label for each group, for all of its positions.
    var own: [ChannelLabel] = []
    for group in 0..<groups {
      var members = Array(x[group * inPerGroup..<(group + 1) * inPerGroup])
      members += first[group * inner..<(group + 1) * inner]
      guard
        let label = try call.merged(
          members, each: "group", isCutAlike: "groups that are cut like their weights")
      else { return nil }
      own.append(label)
    }
    if call.labels.isChecking {
      let kept = own.map(call.labels.isKept)
      call.dense.node.attributes["group"] = .int(Int64(kept.count { $0 }))
      // Every sub-network has the padding, even if it lacks the group that reads the padding.
      try select(kept.flatMap { [Bool](repeating: $0, count: inPerGroup) }, 0, 1)
      try select(kept.flatMap { [Bool](repeating: $0, count: inner) }, weightsInput, 0)
    }
    return own.flatMap { [ChannelLabel](repeating: $0, count: outPerGroup) }
  }

  private func within(
    _ x: [ChannelLabel]?, _ first: [ChannelLabel]?, _ second: [ChannelLabel]?
  ) throws(FlowError) -> [ChannelLabel]? {
    // The dimension that runs over all groups, and the dimension that they share.
    let (long, short) = (try alike(isTransposed ? x : first, "output channels"), second)
    try call.end(0, 1)
    if isTransposed {
      let inputs = try alike(first, "input channels")
      try selectInputs(try call.follow(long, inputs, "input channels of every group"), isRepeated: true)
      try call.end(weightsInput, 0)
      return short.map { short in (0..<groups).flatMap { _ in short } }
    }
    let inputs = try alike(x, "input channels")
    try selectInputs(try call.follow(inputs, short, "input channels of every group"), isRepeated: false)
    try call.end(weightsInput, 1)
    return long.map { long in (0..<groups).flatMap { _ in long } }
  }

  /// Selects the kept input channels of each group from values and weights.
  ///
  /// - Parameter isRepeated: whether the weight also has the channels of all groups.
  private func selectInputs(_ own: [ChannelLabel]?, isRepeated: Bool) throws(FlowError) {
    guard call.labels.isChecking, let own else { return }
    let kept = own.map(call.labels.isKept)
    let all = (0..<groups).flatMap { _ in kept }
    try select(all, 0, 1)
    try select(isRepeated ? all : kept, weightsInput, isRepeated ? 0 : 1)
  }

  private func select(_ wanted: [Bool], _ index: Int, _ dimension: Int) throws(FlowError) {
    if wanted.contains(false) { try call.select(index, dimension, wanted) }
  }

  /// The labels of one group's positions, after those of all groups are joined.
  private func alike(_ list: [ChannelLabel]?, _ what: String) throws(FlowError) -> [ChannelLabel]? {
    guard let list else { return nil }
    let size = list.count / groups
    var own = Array(list[..<size])
    for (place, label) in list.enumerated() {
      let mine = own[place % size]
      if call.labels.find(label) == 0 || call.labels.find(mine) == 0 {
        call.fix([label, mine], "\(call.node.shown) has groups that would lose different channels")
        if call.labels.isChecking, label != mine {
          throw call.refusal(
            "the same \(what) in every group", "\(call.labels.words(mine)) and \(call.labels.words(label))")
        }
        continue
      }
      guard let joined = call.labels.join(mine, label) else {
        throw call.refusal("\(what) of \(call.labels.words(mine)) in every group", call.labels.words(label))
      }
      own[place % size] = joined
    }
    return own
  }
}
