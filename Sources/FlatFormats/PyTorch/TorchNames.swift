internal import Pickle
internal import Tensors

/// A place that holds a tensor, by its name.
struct TorchPlace {
  let name: String
  let leaf: PickleRef
}

/// The names of a file's tensors.
///
/// * The way from the file's root, joined by dots: keys of dictionaries, places in lists, attributes of objects.
/// * An optimizer's state (a dictionary with `state` and `param_groups`) is not the model's: its tensors are counted
///   and kept apart.
/// * Where one of a file's top entries alone holds the model, and is called as such entries are (`state_dict`,
///   `model`, …), its name is left off, so that tensors are called as the model calls them.
struct TorchNames {
  private(set) var places: [TorchPlace] = []
  /// Tensors of optimizers, by the way to the optimizer.
  private(set) var apart: [(name: String, leaves: [PickleRef])] = []
  /// The top entry whose name was left off.
  private(set) var wrapper: String?

  private let tree: PickleTree
  private let edges: TorchEdges
  private let path: String
  private var steps: [Step] = []
  /// Of each step its parent and its value, which is all that the search for circles looks at.
  private var trail: [(parent: Int, ref: PickleRef)] = []
  /// Steps at which a tensor of the model is; they are named last, so that a walk without end costs no text.
  private var found: [Int] = []
  private var nameBytes = 0

  /// What a lone tensor is called, as it has no name.
  static let loneName = "tensor"
  static let wrappers: Set<String> = [
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params",
  ]
  private static let depthLimit = 128
  private static let visitLimit = 1_000_000
  private static let nameLimit = 64 << 10
  private static let namesLimit = 256 << 20

  /// How the walk came to a value.
  private struct Step {
    let parent: Int
    let label: String?
    let ref: PickleRef
    let depth: Int
    /// Place in `apart`; nil for the model's.
    var apart: Int?
  }

  init(_ decoder: TorchDecoder) throws(FlatFormatError) {
    tree = decoder.tree
    path = decoder.path
    let edges = TorchEdges(tree: decoder.tree)
    self.edges = edges
    let reach = TorchReach(
      tree: tree, edges: edges, isLeaf: decoder.isLeaf, isBeside: decoder.isArray,
      isApart: { edges.hasKeys($0, ["state", "param_groups"]) })
    wrapper = topWrapper(reach)
    try walk(reach, isLeaf: decoder.isLeaf)
    places.reserveCapacity(found.count)
    for number in found {
      let name = try name(of: steps[number])
      places.append(
        TorchPlace(
          name: name.isEmpty && steps[number].depth == 0 ? Self.loneName : name, leaf: steps[number].ref))
    }
    (steps, trail, found) = ([], [], [])
  }

  private func topWrapper(_ reach: TorchReach) -> String? {
    if tree.value(tree.root) != .dictionary, edges.callable(tree.root).map(TorchGlobals.isDictionary) != true
    {
      return nil
    }
    let all = edges.edges(tree.root).filter { reach.tensors[$0.target.index] }
    let holders = all.filter { reach.weights[$0.target.index] }
    guard holders.count == 1, let only = holders.first, let label = only.label, Self.wrappers.contains(label)
    else { return nil }
    let inside = Set(edges.edges(only.target).compactMap(\.label))
    // An entry beside it must not come by a name of the model's.
    guard !inside.isEmpty,
      !all.contains(where: { $0.target != only.target && $0.label.map(inside.contains) == true })
    else { return nil }
    return label
  }

  private mutating func walk(_ reach: TorchReach, isLeaf: (PickleRef) -> Bool) throws(FlatFormatError) {
    var left = [Step(parent: -1, label: nil, ref: tree.root, depth: 0, apart: nil)]
    while var step = left.popLast() {
      if isLeaf(step.ref) {
        take(step)
        continue
      }
      if step.apart == nil, reach.apart[step.ref.index] {
        apart.append((try name(of: step), []))
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
      // Also what is still to be visited counts: it takes the same memory.
      guard steps.count + left.count + edges.count <= Self.visitLimit else {
        throw tooMuch("at most \(Self.visitLimit) values to look into", "more")
      }
      for edge in edges.reversed() where reach.tensors[edge.target.index] {
        let isWrapper = step.depth == 0 && wrapper != nil && edge.label == wrapper
        left.append(
          Step(
            parent: number, label: isWrapper ? nil : edge.label, ref: edge.target, depth: step.depth + 1,
            apart: step.apart))
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
      throw tooMuch("names of at most \(Self.nameLimit) bytes, \(Self.namesLimit) in all", "longer ones")
    }
    return name
  }

  /// Whether the walk is inside the value already.
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
