internal import ONNXGraph

/// One evaluation of a node, with its inputs.
struct OperatorCall {
  let node: Node
  let inputs: [Tensor?]
  /// The version of the operator set of the node's domain that the model declares.
  let opset: Int
  let run: RunContext
  /// The graphs in attributes, and the scope of values that these graphs can use.
  let subgraphs: [String: CompiledGraph]
  let scope: Scope
  /// The fused nodes that may be applied to the first output; nil without fusion.
  var pending: PendingEpilogue?

  var budget: RunBudget { run.budget }
  var backend: any Backend { run.backend }

  /// Whether the node uses this output.
  func wants(_ output: Int) -> Bool { node.outputs.indices.contains(output) && !node.outputs[output].isEmpty }

  /// A required input.
  func input(_ index: Int) throws(OperatorError) -> Tensor {
    guard let tensor = optional(index) else {
      throw OperatorError("an input \(index)", found: "\(node.inputs.count) inputs")
    }
    return tensor
  }

  /// Whether the model contains this input; it is then the same in every run.
  func isConstant(_ index: Int) -> Bool {
    node.inputs.indices.contains(index) && scope.isConstant(node.inputs[index])
  }

  /// An optional input; nil if it is left out.
  func optional(_ index: Int) -> Tensor? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// All inputs of an operator with any number of inputs, at least one.
  func all() throws(OperatorError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in inputs.indices { tensors.append(try input(index)) }
    if tensors.isEmpty { throw OperatorError("an input", found: "none") }
    return tensors
  }

  /// An error about one input.
  func wrong(_ index: Int, _ expected: String, found: String) -> OperatorError {
    let name = node.inputs.indices.contains(index) ? node.inputs[index] : ""
    return OperatorError(expected, found: found, subject: "input \(quoted(name))")
  }

  /// An input with this many dimensions.
  func input(_ index: Int, rank: Int) throws(OperatorError) -> Tensor {
    let tensor = try input(index)
    guard tensor.rank == rank else {
      throw wrong(index, "\(rank) dimensions", found: shapeText(tensor.shape))
    }
    return tensor
  }

  /// An input with elements of this type.
  func input(_ index: Int, type: ElementType) throws(OperatorError) -> Tensor {
    let tensor = try input(index)
    guard tensor.type == type else { throw wrong(index, "\(type.name) elements", found: tensor.type.name) }
    return tensor
  }

  /// A new tensor whose elements the operator sets.
  func make(_ type: ElementType, _ shape: [Int]) throws(OperatorError) -> Tensor {
    try Tensor(type, shape, budget)
  }

  /// A new tensor of zeros; of empty texts if its elements are texts.
  func makeZeros(_ type: ElementType, _ shape: [Int]) throws(OperatorError) -> Tensor {
    let tensor = try make(type, shape)
    if type == .string {
      tensor.values(Int64.self).update(repeating: try run.strings.number(of: ""))
    } else {
      tensor.values(UInt8.self).update(repeating: 0)
    }
    return tensor
  }

  /// A new vector of INT64.
  func make(_ numbers: [Int]) throws(OperatorError) -> Tensor {
    let tensor = try make(.int64, [numbers.count])
    let values = tensor.values(Int64.self)
    for (index, number) in numbers.enumerated() { values[index] = Int64(number) }
    return tensor
  }

  /// The INT32 or INT64 elements of an input, at most 2²⁰; nil if it is not given.
  func integers(_ index: Int) throws(OperatorError) -> [Int]? {
    guard let tensor = optional(index) else { return nil }
    guard tensor.rank <= 1 else {
      throw wrong(index, "at most one dimension", found: shapeText(tensor.shape))
    }
    // The numbers are shapes, axes, pads and the like.
    guard tensor.count <= 1 << 20 else {
      throw wrong(index, "at most \(1 << 20) numbers", found: "\(tensor.count)")
    }
    switch tensor.type {
    case .int64: return tensor.values(Int64.self).prefix(tensor.count).map { Int($0) }
    case .int32: return tensor.values(Int32.self).prefix(tensor.count).map { Int($0) }
    default: throw wrong(index, "I64 or I32 elements", found: tensor.type.name)
    }
  }

  /// The single INT32 or INT64 element of an input; nil if the input is not given.
  func integer(_ index: Int) throws(OperatorError) -> Int? {
    guard let numbers = try integers(index) else { return nil }
    guard numbers.count == 1 else { throw wrong(index, "one number", found: "\(numbers.count)") }
    return numbers[0]
  }

  /// The single element of an input, as a real number; nil if the input is not given.
  func scalar(_ index: Int) throws(OperatorError) -> Double? {
    guard let tensor = optional(index) else { return nil }
    guard tensor.count == 1 else { throw wrong(index, "one element", found: shapeText(tensor.shape)) }
    return try tensor.type.visit(FirstElement(tensor: tensor))
  }

  /// The single boolean of an input; nil if the input is not given.
  func boolean(_ index: Int) throws(OperatorError) -> Bool? {
    guard let tensor = optional(index) else { return nil }
    guard tensor.type == .bool, tensor.count == 1 else {
      throw wrong(index, "one BOOL", found: "\(tensor.type.name) \(shapeText(tensor.shape))")
    }
    return tensor.values(UInt8.self)[0] != 0
  }
}

private struct FirstElement: ElementVisitor {
  let tensor: Tensor
  func visit<T: Element>(_: T.Type) -> Double { tensor.values(T.self)[0].wide.asDouble }
}
