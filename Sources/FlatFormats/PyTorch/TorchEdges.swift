internal import Pickle

/// The values that each value contains, with their parts of tensor names.
///
/// Members of dictionaries are named by their keys, members of lists by their indices, members of objects by their
/// attributes. An object of an unknown class contains exactly what its pickle gives it, and all of this is searched. A
/// module's parameters are in its state; those of a traced graph are among the arguments of its call.
struct TorchEdges {
  let tree: PickleTree

  /// A value contained in another one.
  struct Edge {
    /// The part of the name; nil if it adds nothing to the name.
    let label: String?
    let target: PickleRef
  }

  func edges(_ ref: PickleRef) -> [Edge] {
    switch tree.value(ref) {
    case .list, .tuple, .set: numbered(tree.children(ref))
    case .dictionary: keyed(tree.children(ref))
    case .object: object(ref)
    default: []
    }
  }

  /// Whether the value is a dictionary that has all of `keys`.
  func hasKeys(_ ref: PickleRef, _ keys: [String]) -> Bool {
    let labels = Set(edges(ref).compactMap(\.label))
    return keys.allSatisfy(labels.contains)
  }

  /// The class of an object, or the function that makes it; nil if it is not a plain name.
  func callable(_ ref: PickleRef) -> PickleGlobal? {
    guard case .object = tree.value(ref), case .global(let global) = tree.value(tree.children(ref)[0]) else {
      return nil
    }
    return global
  }

  private func numbered(_ members: [PickleRef]) -> [Edge] {
    members.enumerated().map { Edge(label: String($0), target: $1) }
  }

  private func keyed(_ pairs: [PickleRef]) -> [Edge] {
    stride(from: 0, to: pairs.count - 1, by: 2).map { place in
      let target = pairs[place + 1]
      switch tree.value(pairs[place]) {
      case .text(let key): return Edge(label: Self.modules.contains(key) ? nil : key, target: target)
      case .integer(let key): return Edge(label: String(key), target: target)
      default: return Edge(label: "#\(place / 2)", target: target)
      }
    }
  }

  /// The three dictionaries of a module; their keys are not part of tensor names.
  private static let modules: Set<String> = ["_parameters", "_buffers", "_modules"]

  private func object(_ ref: PickleRef) -> [Edge] {
    let parts = tree.children(ref)
    let arguments = tree.children(parts[1])
    if let callable = callable(ref), TorchGlobals.isDictionary(callable) {
      return arguments.flatMap(pairs) + keyed(tree.entries(ref))
    }
    var result = keyed(tree.entries(ref)) + numbered(tree.items(ref))
    for state in tree.states(ref) { result += attributes(state) }
    if tree.value(parts[0]) == .object { result.append(Edge(label: nil, target: parts[0])) }
    let holders = arguments.filter(isContainer)
    result += arguments.enumerated().map {
      Edge(label: holders.count > 1 ? String($0) : nil, target: $1)
    }
    return result
  }

  private func isContainer(_ ref: PickleRef) -> Bool {
    switch tree.value(ref) {
    case .list, .tuple, .set, .dictionary, .object, .persistent: !tree.children(ref).isEmpty
    default: false
    }
  }

  /// A state: the attributes, or a pair of dictionaries of attributes.
  private func attributes(_ state: PickleRef) -> [Edge] {
    switch tree.value(state) {
    case .dictionary: keyed(tree.children(state))
    case .tuple, .list: tree.children(state).map { Edge(label: nil, target: $0) }
    default: [Edge(label: nil, target: state)]
    }
  }

  /// A dictionary, or the list of pairs from which Python 2 made ordered dictionaries.
  private func pairs(_ ref: PickleRef) -> [Edge] {
    switch tree.value(ref) {
    case .dictionary: return keyed(tree.children(ref))
    case .list, .tuple:
      let pairs = tree.children(ref).map { tree.children($0) }
      return pairs.allSatisfy { $0.count == 2 } ? keyed(pairs.flatMap { $0 }) : []
    default: return []
    }
  }
}
