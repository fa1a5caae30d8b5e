internal import Pickle
internal import Tensors

/// A tensor's name, and the value of the pickle that is the tensor.
struct TorchPlace {
  let name: String
  let leaf: PickleRef
}

/// The names of a file's tensors.
///
/// * A name is the path from the file's root, joined by dots: keys of dictionaries, indices of lists, attributes of
///   objects.
/// * An optimizer's state (a dictionary with `state` and `param_groups`) is not part of the model. Its tensors are
///   counted separately.
/// * If a top entry with one of the usual keys (`state_dict`, `model`, …) is a container of tensors, the file is a training
///   checkpoint. Then top entries whose keys are never those of weights (`callbacks`, `rng_state`, `loss`, …) are not
///   part of the model, and so is a single tensor under the key of a score (`best_…`, `…_loss`). An entry with a tensor
///   of two dimensions or more remains: a callback may keep a second model.
/// * If the model is then the only top entry with weights, its key is left out of the names, so that tensors have the
///   names that the model gives them.
struct TorchNames {
  private(set) var places: [TorchPlace] = []
  /// Tensors of optimizers, and of others beside the model, each with the path to all of them.
  private(set) var apart: [Apart] = []
  /// The top entry whose key is left out of the names.
  private(set) var wrapper: String?
  /// The keys of all top entries with weights, if one is a usual key of a model but is not left out of the names.
  private(set) var models: [String] = []

  private let tree: PickleTree
  private let edges: TorchEdges
  private let path: String
  private var steps: [Step] = []
  /// The parent and value of each step; the search for cycles reads nothing else.
  private var trail: [(parent: Int, ref: PickleRef)] = []
  /// Steps that are tensors of the model. They are named last, so no text is made if a walk exceeds its limits.
  private var found: [Int] = []
  private var nameBytes = 0

  /// The name of a tensor that is the root itself.
  static let loneName = "tensor"
  private static let depthLimit = 128
  private static let visitLimit = 1_000_000
  private static let nameLimit = 64 << 10
  private static let namesLimit = 256 << 20

  /// Tensors that are not part of the model.
  struct Apart {
    let name: String
    let isOptimizer: Bool
    var leaves: [PickleRef] = []
  }

  /// The path of the walk to a value.
  private struct Step {
    let parent: Int
    let label: String?
    let ref: PickleRef
    let depth: Int
    /// Index in `apart`; nil for a tensor of the model.
    var apart: Int?
    /// Whether this is a top entry beside the model.
    var isBeside = false
  }

  init(_ decoder: TorchDecoder) throws(FlatFormatError) {
    tree = decoder.tree
    path = decoder.path
    let edges = TorchEdges(tree: decoder.tree)
    self.edges = edges
    let reach = TorchReach(
      tree: tree, edges: edges, isLeaf: decoder.isLeaf, isBeside: decoder.isArray,
      isMatrix: { decoder.extents(of: $0).map { $0.count > 1 } == true },
      isApart: { edges.hasKeys($0, ["state", "param_groups"]) })
    let besides = findModel(reach, isLeaf: decoder.isLeaf)
    try walk(reach, besides: besides, isLeaf: decoder.isLeaf)
    places.reserveCapacity(found.count)
    for number in found {
      let name = try name(of: steps[number])
      places.append(
        TorchPlace(
          name: name.isEmpty && steps[number].depth == 0 ? Self.loneName : name, leaf: steps[number].ref))
    }
    (steps, trail, found) = ([], [], [])
  }

  /// Finds the top entry of the model, and returns the keys of the entries beside it that have no weights.
  private mutating func findModel(_ reach: TorchReach, isLeaf: (PickleRef) -> Bool) -> Set<String> {
    if tree.value(tree.root) != .dictionary, edges.callable(tree.root).map(TorchGlobals.isDictionary) != true
    {
      return []
    }
    let all = edges.edges(tree.root).filter { reach.tensors[$0.target.index] }
    let usual = all.filter { edge in
      edge.label.map(Self.wrappers.contains) == true && reach.weights[edge.target.index]
        && !isLeaf(edge.target) && !edges.edges(edge.target).allSatisfy { $0.label == nil }
    }
    if usual.isEmpty { return [] }
    var besides: Set<String> = []
    var others: Set<String> = []
    for edge in all {
      guard let label = edge.label else { continue }
      let isKnown = Self.besides.contains(label) || isLeaf(edge.target) && Self.isScore(label)
      if isKnown, !reach.matrices[edge.target.index] { besides.insert(label) } else { others.insert(label) }
    }
    // A key may occur twice.
    besides.subtract(others)
    let rest = all.filter { $0.label.map(besides.contains) != true }
    let holders = rest.filter { reach.weights[$0.target.index] }
    guard holders.count == 1, let only = holders.first, let label = only.label, usual.count == 1 else {
      models = holders.compactMap(\.label)
      return besides
    }
    // No other entry may have the name of a tensor of the model.
    let inside = Set(edges.edges(only.target).compactMap(\.label))
    if rest.contains(where: { $0.target != only.target && $0.label.map(inside.contains) == true }) {
      models = [label]
    } else {
      wrapper = label
    }
    return besides
  }

  private mutating func walk(
    _ reach: TorchReach, besides: Set<String>, isLeaf: (PickleRef) -> Bool
  ) throws(FlatFormatError) {
    var left = [Step(parent: -1, label: nil, ref: tree.root, depth: 0, apart: nil)]
    while var step = left.popLast() {
      if step.isBeside {
        apart.append(Apart(name: try name(of: step), isOptimizer: false))
        step.apart = apart.count - 1
      }
      if isLeaf(step.ref) {
        take(step)
        continue
      }
      if step.apart == nil, reach.apart[step.ref.index] {
        apart.append(Apart(name: try name(of: step), isOptimizer: true))
        step.apart = apart.count - 1
      }
      if isOwnAncestor(step) { continue }
      guard step.depth < Self.depthLimit else {
        throw tooMuch("tensors under at most \(Self.depthLimit) containers", "more")
      }
      steps.append(step)
      trail.append((step.parent, step.ref))
      let number = steps.count - 1
      let edges = edges.edges(step.ref)
      // Values that are still to be visited count too, because they take as much memory.
      guard steps.count + left.count + edges.count <= Self.visitLimit else {
        throw tooMuch("at most \(Self.visitLimit.grouped) values to visit", "more")
      }
      for edge in edges.reversed() where reach.tensors[edge.target.index] {
        let isWrapper = step.depth == 0 && wrapper != nil && edge.label == wrapper
        left.append(
          Step(
            parent: number, label: isWrapper ? nil : edge.label, ref: edge.target, depth: step.depth + 1,
            apart: step.apart,
            isBeside: step.depth == 0 && edge.label.map(besides.contains) == true))
      }
    }
  }

  private mutating func take(_ step: Step) {
    steps.append(step)
    trail.append((step.parent, step.ref))
    if let number = step.apart {
      apart[number].leaves.append(step.ref)
    } else {
      found.append(steps.count - 1)
    }
  }

  private mutating func name(of step: Step) throws(FlatFormatError) -> String {
    var labels: [String] = step.label.map { [$0] } ?? []
    var parent = step.parent
    while parent >= 0 {
      if let label = steps[parent].label { labels.append(label) }
      parent = steps[parent].parent
    }
    let name = labels.reversed().joined(separator: ".")
    nameBytes += name.utf8.count
    guard name.utf8.count <= Self.nameLimit, nameBytes <= Self.namesLimit else {
      throw tooMuch(
        "names of at most \(Self.nameLimit.grouped) bytes, \(Self.namesLimit.grouped) in total", "longer ones"
      )
    }
    return name
  }

  /// Whether the step's value is one of the values that contain it.
  private func isOwnAncestor(_ step: Step) -> Bool {
    var parent = step.parent
    while parent >= 0 {
      let (next, value) = trail[parent]
      if value == step.ref { return true }
      parent = next
    }
    return false
  }

  private func tooMuch(_ expected: String, _ found: String) -> FlatFormatError {
    .refused(.torchNesting, path: path, place: "the pickle's values", expected: expected, found: found)
  }
}
