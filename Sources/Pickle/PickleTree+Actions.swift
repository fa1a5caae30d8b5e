extension PickleTree {
  /// The number of calls that call the result of another call; they can reach a function that no global names.
  package var callsOfResults: Int {
    nodes.count { node in
      guard node.kind == .object, let callable = node.children.first else { return false }
      return nodes[callable.index].kind == .object
    }
  }

  /// The keys of storages outside the pickle: `"storage", class, key, …`.
  package var storageKeys: Set<String> {
    var keys: Set<String> = []
    for node in nodes where node.kind == .persistent {
      guard let id = node.children.first, nodes[id.index].kind == .tuple else { continue }
      let arguments = nodes[id.index].children
      guard arguments.count > 2, case .text("storage") = value(arguments[0]) else { continue }
      switch value(arguments[2]) {
      case .text(let key): keys.insert(key)
      case .integer(let key): keys.insert(String(key))
      default: continue
      }
    }
    return keys
  }

  /// Attributes in the states of objects through which Python can run code or leave the object; each once, in order.
  package var hookAttributes: [String] {
    var found: [String] = []
    var looked: Set<PickleRef> = []
    for state in additions.flatMap(\.states) {
      // A state is a dictionary, or a pair of dictionaries: attributes and slots.
      let isPair = nodes[state.index].kind == .tuple && nodes[state.index].children.count <= 2
      for part in isPair ? nodes[state.index].children : [state]
      where nodes[part.index].kind == .dictionary && looked.insert(part).inserted {
        let pairs = nodes[part.index].children
        for place in stride(from: 0, to: pairs.count - 1, by: 2) {
          guard case .text(let key) = value(pairs[place]), Self.hooks.contains(key), !found.contains(key)
          else { continue }
          found.append(key)
        }
      }
    }
    return found
  }

  /// Attributes of an instance that the unpickler itself calls, or through which classes and modules can be reached.
  private static let hooks: Set<String> = [
    "__setstate__", "__reduce__", "__reduce_ex__", "__class__", "__bases__", "__call__", "__getattr__",
    "__getattribute__", "__setattr__", "__setitem__", "__new__", "__init__", "__del__", "__code__",
    "__globals__",
    "__builtins__", "__import__",
  ]
}
