internal import ONNXGraph

/// The tables of `TreeEnsemble`.
extension DecisionForest {
  private static let comparisons: [Comparison] = [
    .lessOrEqual, .less, .greaterOrEqual, .greater, .equal, .notEqual,
  ]

  init(_ call: OperatorCall, features: Int, targets: Int) throws(OperatorError) {
    let ids = try call.ints("nodes_featureids") ?? []
    let count = ids.count
    guard let modes = try call.tensor("nodes_modes"), modes.type == .uint8 else {
      throw call.wrongAttribute("nodes_modes", "U8 elements")
    }
    guard modes.count == count else {
      throw call.wrongAttribute("nodes_modes", "\(count) numbers", found: "\(modes.count)")
    }
    let modeNumbers = modes.values(UInt8.self)
    let splits = try Self.numbers(call, "nodes_splits", count)
    let missing = try Self.missing(call, count)
    let targetIDs = try call.ints("leaf_targetids") ?? []
    let weights = try Self.numbers(call, "leaf_weights", targetIDs.count)
    let roots = try call.ints("tree_roots") ?? []
    let sets = try Self.sets(call, count: modeNumbers.prefix(count).count { $0 == 6 })
    try call.budget.spend(count + weights.count + roots.count, 8)
    let ways = [
      (try Self.list(call, "nodes_truenodeids", count), try Self.list(call, "nodes_trueleafs", count)),
      (try Self.list(call, "nodes_falsenodeids", count), try Self.list(call, "nodes_falseleafs", count)),
    ]
    func place(_ way: (ids: [Int], isLeaf: [Int]), _ node: Int) throws(OperatorError) -> Place {
      let (id, isLeaf) = (way.ids[node], way.isLeaf[node] != 0)
      guard id >= 0, id < (isLeaf ? weights.count : count) else {
        throw OperatorError(
          isLeaf ? "leaves of 0 to \(weights.count - 1)" : "nodes of 0 to \(count - 1)", found: "\(id)")
      }
      return isLeaf ? .leaf(id) : .branch(id)
    }
    var branches: [Branch] = []
    var members = 0
    for node in 0..<count {
      let mode = Int(modeNumbers[node])
      guard mode <= 6 else {
        throw OperatorError("modes of 0 to 6", found: "\(mode)", subject: "attribute 'nodes_modes'")
      }
      let comparison = mode == 6 ? Comparison.member(members) : Self.comparisons[mode]
      if mode == 6 { members += 1 }
      branches.append(
        Branch(
          comparison: comparison, feature: ids[node], threshold: splits[node],
          takesTrueIfMissing: missing[node], ifTrue: try place(ways[0], node),
          ifFalse: try place(ways[1], node)))
    }
    for root in roots where root < 0 || root >= count {
      throw OperatorError("nodes of 0 to \(count - 1)", found: "\(root)", subject: "attribute 'tree_roots'")
    }
    let votes = weights.indices.map { (leaf: $0, vote: Vote(target: targetIDs[$0], weight: weights[$0])) }
    try self.init(
      branches: branches, sets: sets, leaves: weights.count, votes: votes, roots: roots.map { .branch($0) },
      features: features, targets: targets)
  }

  private static func numbers(_ call: OperatorCall, _ name: String, _ count: Int) throws(OperatorError)
    -> [Double]
  {
    guard let numbers = try call.tensor(name)?.reals else { throw call.wrongAttribute(name, "numbers") }
    guard numbers.count == count else {
      throw call.wrongAttribute(name, "\(count) numbers", found: "\(numbers.count)")
    }
    return numbers
  }

  /// The sets in `membership_values`; those that are missing at the end are empty, as in ONNX Runtime.
  private static func sets(_ call: OperatorCall, count: Int) throws(OperatorError) -> [Set<Double>] {
    var sets = [Set<Double>](repeating: [], count: count)
    guard count > 0, let numbers = try call.tensor("membership_values")?.reals else { return sets }
    try call.budget.spend(numbers.count, KeyPlaces.cost)
    var number = 0
    for value in numbers {
      if value.isNaN { number += 1 } else if number < count { sets[number].insert(value) }
    }
    return sets
  }

  /// Calls `body` with enough bytes reserved for a forest from attributes with these numbers of items.
  static func reserving<R>(
    _ call: OperatorCall, items names: [String], _ body: () throws(OperatorError) -> R
  ) throws(OperatorError) -> R {
    let count = names.reduce(0) { sum, name in
      switch call.node.attributes[name] {
      case .ints(let list): sum + list.count
      case .strings(let list): sum + list.count
      default: sum
      }
    }
    try call.budget.take(bytes: count * bytesPerItem)
    defer { call.budget.release(bytes: count * bytesPerItem) }
    return try body()
  }
}
