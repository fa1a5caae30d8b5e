internal import Pickle
internal import Tensors

/// Reads the values of Python that an optimizer's state_dict may have, and collects its tensors.
struct TorchValues {
  /// The tensors, by their paths.
  private(set) var places: [TorchPlace] = []

  private let decoder: TorchDecoder
  private let edges: TorchEdges
  /// The name of what is read, in messages.
  private let name: String
  private var valueCount = 0

  private static let valueLimit = 1_000_000
  private static let depthLimit = 20
  private static let pathLimit = 4096

  init(_ decoder: TorchDecoder, called name: String) {
    self.decoder = decoder
    self.name = name
    edges = TorchEdges(tree: decoder.tree)
  }

  /// The entries of a dictionary, an ordered one included.
  ///
  /// - Parameter path: the keys that lead to it, with dots between them.
  mutating func entries(
    _ ref: PickleRef, _ path: String = "", depth: Int = 0
  ) throws(FlatFormatError) -> [OptimizerState.Entry] {
    var entries: [OptimizerState.Entry] = []
    for (key, value) in try pairs(ref, path) {
      let own = path.isEmpty ? key.text : "\(path).\(key.text)"
      entries.append(OptimizerState.Entry(key, try self.value(value, own, depth: depth + 1)))
    }
    return entries
  }

  /// A value; a tensor in it is named by its path.
  mutating func value(
    _ ref: PickleRef, _ path: String, depth: Int = 0
  ) throws(FlatFormatError) -> OptimizerState.Value {
    valueCount += 1
    guard depth < Self.depthLimit, valueCount <= Self.valueLimit, path.utf8.count <= Self.pathLimit else {
      throw refusal(
        path, "at most \(Self.valueLimit.grouped) values, \(Self.depthLimit) levels deep", "more")
    }
    let tree = decoder.tree
    if decoder.isLeaf(ref) {
      guard !decoder.isArray(ref) else { throw refusal(path, Self.expected, "a NumPy array or scalar") }
      places.append(TorchPlace(name: path, leaf: ref))
      return .tensor(TensorName(path))
    }
    switch tree.value(ref) {
    case .none: return .none
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .real(let value): return .real(value.bitPattern)
    case .text(let text): return .text(text)
    case .list: return .list(try values(ref, path, depth))
    case .tuple: return .tuple(try values(ref, path, depth))
    case .dictionary: return .dictionary(try entries(ref, path, depth: depth))
    case .object:
      if isOrderedDictionary(ref) { return .dictionary(try entries(ref, path, depth: depth)) }
      throw refusal(
        path, Self.expected,
        edges.callable(ref).map { "an object of \(TensorName($0.description).quoted)" } ?? "an object")
    case .global(let global): throw refusal(path, Self.expected, TensorName(global.description).quoted)
    case .bigInteger, .opaque, .set, .persistent: throw refusal(path, Self.expected, "another value")
    }
  }

  private static let expected =
    "None, a boolean, an integer of 64 bits, a float, a text, a list, a tuple, a dictionary or a tensor"

  private mutating func values(
    _ ref: PickleRef, _ path: String, _ depth: Int
  ) throws(FlatFormatError) -> [OptimizerState.Value] {
    var values: [OptimizerState.Value] = []
    for (number, member) in decoder.tree.children(ref).enumerated() {
      values.append(try value(member, "\(path).\(number)", depth: depth + 1))
    }
    return values
  }

  private func isOrderedDictionary(_ ref: PickleRef) -> Bool {
    edges.callable(ref).map(TorchGlobals.isDictionary) == true && decoder.tree.states(ref).isEmpty
  }

  private func pairs(
    _ ref: PickleRef, _ path: String
  ) throws(FlatFormatError) -> [(key: OptimizerState.Key, ref: PickleRef)] {
    var all: [PickleRef]
    let tree = decoder.tree
    switch tree.value(ref) {
    case .dictionary: all = tree.children(ref)
    case .object where isOrderedDictionary(ref):
      all = tree.entries(ref)
      // Python 2 gave an ordered dictionary the list of its pairs.
      for argument in tree.children(tree.children(ref)[1]) where tree.value(argument) == .list {
        all += tree.children(argument).flatMap(tree.children)
      }
    default: throw refusal(path, "a dictionary", "another value")
    }
    if all.count % 2 != 0 { all.removeLast() }
    var found: [(key: OptimizerState.Key, ref: PickleRef)] = []
    var places: [OptimizerState.Key: Int] = [:]
    for number in stride(from: 0, to: all.count, by: 2) {
      let key = try key(all[number], path)
      // As in Python, the last value of a key counts.
      if let known = places[key] {
        found[known].ref = all[number + 1]
      } else {
        places[key] = found.count
        found.append((key, all[number + 1]))
      }
    }
    return found
  }

  private func key(_ ref: PickleRef, _ path: String) throws(FlatFormatError) -> OptimizerState.Key {
    switch decoder.tree.value(ref) {
    case .integer(let number): return .number(number)
    case .text(let text): return .text(text)
    default: throw refusal(path, "keys that are integers or texts", "another key")
    }
  }

  func refusal(_ path: String, _ expected: String, _ found: String) -> FlatFormatError {
    decoder.refusal(
      .torchTensor, "\(name)\(path.isEmpty ? "" : ", \(TensorName(path).quoted)")", expected, found)
  }
}
