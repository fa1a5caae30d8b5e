internal import ONNXGraph

/// The tables of `TreeEnsembleRegressor` and `TreeEnsembleClassifier`.
extension DecisionForest {
  private struct NodeID: Hashable {
    let tree: Int
    let node: Int
  }

  private static let modes: [String: Comparison] = [
    "BRANCH_LEQ": .lessOrEqual, "BRANCH_LT": .less, "BRANCH_GTE": .greaterOrEqual, "BRANCH_GT": .greater,
    "BRANCH_EQ": .equal, "BRANCH_NEQ": .notEqual,
  ]

  /// Reads the attributes `nodes_…`, and those of votes, whose names begin with `prefix` (`target` or `class`).
  ///
  /// The first node of a tree is its root. Votes of nodes that are no leaves are ignored, as in ONNX Runtime.
  init(_ call: OperatorCall, votes prefix: String, features: Int, targets: Int) throws(OperatorError) {
    let modes = try call.strings("nodes_modes") ?? []
    let count = modes.count
    let trees = try Self.list(call, "nodes_treeids", count)
    let ids = try Self.list(call, "nodes_nodeids", count)
    let voteTrees = try call.ints(prefix + "_treeids") ?? []
    try call.budget.spend(count + voteTrees.count, KeyPlaces.cost)
    var leaves = 0
    var branchCount = 0
    var places: [NodeID: Place] = [:]
    var roots: [Place] = []
    var started: Set<Int> = []
    for node in 0..<count {
      let place: Place
      if modes[node] == "LEAF" {
        place = .leaf(leaves)
        leaves += 1
      } else {
        place = .branch(branchCount)
        branchCount += 1
      }
      if started.insert(trees[node]).inserted { roots.append(place) }
      guard places.updateValue(place, forKey: NodeID(tree: trees[node], node: ids[node])) == nil else {
        throw OperatorError("each node once", found: "two nodes \(ids[node]) of tree \(trees[node])")
      }
    }
    let branches = try Self.branches(call, modes, trees, places)
    let votes = try Self.votes(call, prefix, voteTrees, places)
    try self.init(
      branches: branches, leaves: leaves, votes: votes, roots: roots, features: features, targets: targets)
  }

  private static func branches(
    _ call: OperatorCall, _ modes: [String], _ trees: [Int], _ places: [NodeID: Place]
  ) throws(OperatorError) -> [Branch] {
    let count = modes.count
    let features = try list(call, "nodes_featureids", count)
    let (whenTrue, whenFalse) = (
      try list(call, "nodes_truenodeids", count), try list(call, "nodes_falsenodeids", count)
    )
    let values = try call.numbers("nodes_values")
    guard values.count == count else {
      throw call.wrongAttribute("nodes_values", "\(count) numbers", found: "\(values.count)")
    }
    let missing = try missing(call, count)
    var branches: [Branch] = []
    for node in 0..<count where modes[node] != "LEAF" {
      guard let comparison = Self.modes[modes[node]] else {
        throw OperatorError("a mode of nodes", found: quoted(modes[node]), subject: "attribute 'nodes_modes'")
      }
      func place(_ id: Int) throws(OperatorError) -> Place {
        guard let place = places[NodeID(tree: trees[node], node: id)] else {
          throw OperatorError("nodes that exist", found: "node \(id) of tree \(trees[node])")
        }
        return place
      }
      branches.append(
        Branch(
          comparison: comparison, feature: features[node], threshold: values[node],
          takesTrueIfMissing: missing[node], ifTrue: try place(whenTrue[node]),
          ifFalse: try place(whenFalse[node])))
    }
    return branches
  }

  private static func votes(
    _ call: OperatorCall, _ prefix: String, _ trees: [Int], _ places: [NodeID: Place]
  ) throws(OperatorError) -> [(leaf: Int, vote: Vote)] {
    let ids = try list(call, prefix + "_nodeids", trees.count)
    let targets = try list(call, prefix + "_ids", trees.count)
    let weights = try call.numbers(prefix + "_weights")
    guard weights.count == trees.count else {
      throw call.wrongAttribute(prefix + "_weights", "\(trees.count) numbers", found: "\(weights.count)")
    }
    var votes: [(leaf: Int, vote: Vote)] = []
    for index in trees.indices {
      switch places[NodeID(tree: trees[index], node: ids[index])] {
      case nil: throw OperatorError("nodes that exist", found: "node \(ids[index]) of tree \(trees[index])")
      case .branch: continue
      case .leaf(let leaf): votes.append((leaf, Vote(target: targets[index], weight: weights[index])))
      }
    }
    return votes
  }

  /// The attribute's flag for each node; false if it is left out.
  static func missing(_ call: OperatorCall, _ count: Int) throws(OperatorError) -> [Bool] {
    let name = "nodes_missing_value_tracks_true"
    let flags = try call.ints(name) ?? []
    if flags.isEmpty { return [Bool](repeating: false, count: count) }
    guard flags.count == count else {
      throw call.wrongAttribute(name, "\(count) numbers", found: "\(flags.count)")
    }
    return flags.map { $0 != 0 }
  }

  static func list(_ call: OperatorCall, _ name: String, _ count: Int) throws(OperatorError) -> [Int] {
    let list = try call.ints(name) ?? []
    guard list.count == count else {
      throw call.wrongAttribute(name, "\(count) numbers", found: "\(list.count)")
    }
    return list
  }
}
