internal import Pickle
internal import Tensors

/// Reads the objects of a distributed checkpoint's metadata as inert records: a class, and values by name.
struct DistributedRecord {
  let tree: PickleTree

  /// The most dimensions of a tensor; PyTorch has fewer.
  private static let rankLimit = 64
  /// The most attributes of an object; a hostile pickle may give one long list of them to every object.
  private static let fieldLimit = 64

  /// The class of an object that only has a state; nil for anything else.
  func kind(_ ref: PickleRef) -> DistributedGlobals.Class? { global(ref).flatMap(DistributedGlobals.known) }

  /// The class of an object, or the function that makes it.
  func global(_ ref: PickleRef) -> PickleGlobal? {
    guard tree.value(ref) == .object, let callable = tree.children(ref).first,
      case .global(let global) = tree.value(callable)
    else { return nil }
    return global
  }

  /// The attributes of an object whose state is one dictionary; nil for anything else. A class without attributes has no
  /// state.
  func fields(_ ref: PickleRef) -> [String: PickleRef]? {
    guard tree.entries(ref).isEmpty, tree.items(ref).isEmpty, tree.states(ref).count <= 1 else { return nil }
    guard let state = tree.states(ref).first else { return [:] }
    guard case .dictionary = tree.value(state), tree.children(state).count <= 2 * Self.fieldLimit else {
      return nil
    }
    var fields: [String: PickleRef] = [:]
    for (key, value) in pairs(state) {
      guard case .text(let name) = tree.value(key), fields.updateValue(value, forKey: name) == nil else {
        return nil
      }
    }
    return fields
  }

  /// The keys and values of a dictionary.
  func pairs(_ ref: PickleRef) -> [(key: PickleRef, value: PickleRef)] {
    let members = tree.children(ref)
    return stride(from: 0, to: members.count - 1, by: 2).map { (members[$0], members[$0 + 1]) }
  }

  /// The dtype in the properties of a tensor: the first value of their state, a tuple.
  func dtype(_ properties: PickleRef) -> PickleGlobal? {
    guard kind(properties) == .properties, tree.states(properties).count == 1,
      let state = tree.states(properties).first, case .tuple = tree.value(state),
      let first = tree.children(state).first, case .global(let global) = tree.value(first)
    else { return nil }
    return global
  }

  /// A `torch.Size`, or a tuple or list of integers that are not negative; nil for anything else.
  func extents(_ ref: PickleRef?) -> [Int]? {
    guard var ref else { return nil }
    if let global = global(ref) {
      guard global == PickleGlobal("torch", "Size"), let arguments = tree.children(ref).last else {
        return nil
      }
      guard let first = tree.children(arguments).first else { return [] }
      ref = first
    }
    guard [.tuple, .list].contains(tree.value(ref)), tree.children(ref).count <= Self.rankLimit else {
      return nil
    }
    var extents: [Int] = []
    for member in tree.children(ref) {
      guard case .integer(let extent) = tree.value(member), extent >= 0 else { return nil }
      extents.append(extent)
    }
    return extents
  }

  func text(_ ref: PickleRef?) -> String? {
    if let ref, case .text(let text) = tree.value(ref) { text } else { nil }
  }

  func integer(_ ref: PickleRef?) -> Int? {
    if let ref, case .integer(let value) = tree.value(ref) { value } else { nil }
  }

  /// A description of a value, for messages.
  func words(_ ref: PickleRef?) -> String {
    guard let ref else { return "none" }
    if let global = global(ref) { return TensorName(global.description).quoted }
    switch tree.value(ref) {
    case .none: return "none"
    case .text: return "a text"
    case .integer, .bigInteger, .real, .boolean: return "a number"
    case .list, .tuple, .set: return "a list"
    case .dictionary: return "a dictionary"
    case .global(let global): return TensorName(global.description).quoted
    default: return "another value"
    }
  }
}
