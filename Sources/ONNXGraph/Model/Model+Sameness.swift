extension Model {
  /// Whether two models have the same main graph and operator sets, with elements that are supplied under the same
  /// numbers. False is possible for equal models: their own functions, and elements in their files, are not compared.
  package func hasSameGraph(as other: Model) -> Bool {
    opsets == other.opsets && functions.isEmpty && other.functions.isEmpty && graph.isSame(as: other.graph)
  }
}

extension Graph {
  fileprivate func isSame(as other: Graph) -> Bool {
    name == other.name && sparseInitializers.isEmpty && other.sparseInitializers.isEmpty
      && initializers.elementsEqual(other.initializers) { $0.isSame(as: $1) }
      && inputs.elementsEqual(other.inputs) { $0.isSame(as: $1) }
      && outputs.elementsEqual(other.outputs) { $0.isSame(as: $1) }
      && nodes.elementsEqual(other.nodes) { $0.isSame(as: $1) }
  }
}

extension Node {
  fileprivate func isSame(as other: Node) -> Bool {
    name == other.name && operation == other.operation && domain == other.domain
      && overload == other.overload && inputs == other.inputs && outputs == other.outputs
      && attributes.count == other.attributes.count
      && attributes.allSatisfy { name, value in
        other.attributes[name].map { value.isSame(as: $0) } ?? false
      }
  }
}

extension AttributeValue {
  fileprivate func isSame(as other: AttributeValue) -> Bool {
    switch (self, other) {
    case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
    case (.int(let a), .int(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.tensor(let a), .tensor(let b)): a.isSame(as: b)
    case (.graph(let a), .graph(let b)): a.isSame(as: b)
    case (.floats(let a), .floats(let b)): a.map(\.bitPattern) == b.map(\.bitPattern)
    case (.ints(let a), .ints(let b)): a == b
    case (.strings(let a), .strings(let b)): a == b
    case (.tensors(let a), .tensors(let b)): a.elementsEqual(b) { $0.isSame(as: $1) }
    case (.graphs(let a), .graphs(let b)): a.elementsEqual(b) { $0.isSame(as: $1) }
    default: false
    }
  }
}

extension TensorConstant {
  fileprivate func isSame(as other: TensorConstant) -> Bool {
    guard name == other.name, type == other.type, shape == other.shape else { return false }
    return switch (payload, other.payload) {
    case (.supplied(let a), .supplied(let b)): a == b
    case (.held(let a), .held(let b)): a == b
    default: false
    }
  }
}

extension ValueInfo {
  fileprivate func isSame(as other: ValueInfo) -> Bool {
    guard name == other.name else { return false }
    guard let type, let second = other.type else { return type == nil && other.type == nil }
    return type.isSame(as: second)
  }
}

extension ValueType {
  fileprivate func isSame(as other: ValueType) -> Bool {
    switch (self, other) {
    case (.tensor(let a, let one), .tensor(let b, let second)): a == b && one == second
    case (.sequence(let a), .sequence(let b)), (.optional(let a), .optional(let b)): a.isSame(as: b)
    default: false
    }
  }
}
