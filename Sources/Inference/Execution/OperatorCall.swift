internal import ONNXGraph

/// One evaluation of a node, with its inputs.
struct OperatorCall {
  let node: Node
  /// The inputs that are tensors; nil for one that is left out, and for one in `others`.
  let inputs: [Tensor?]
  /// The inputs that are no tensors, by place. A tensor operator is not called with one.
  var others: [Int: Value] = [:]
  /// The version of the operator set of the node's domain that the model declares.
  let opset: Int
  let run: RunContext
  /// The graphs in attributes, and the scope of values that these graphs can use.
  let subgraphs: [String: CompiledGraph]
  let scope: Scope
  /// The fused nodes that may be applied to the first output; nil without fusion.
  var pending: PendingEpilogue?

  /// The same call, perhaps with other inputs, by the rules of a version of ONNX's own operator set: `com.microsoft` has
  /// copies of operators.
  func following(opset: Int, inputs other: [Tensor?]? = nil) -> OperatorCall {
    OperatorCall(
      node: node, inputs: other ?? inputs, opset: opset, run: run, subgraphs: subgraphs, scope: scope,
      pending: pending)
  }

  var budget: RunBudget { run.budget }
  var backend: any Backend { run.backend }

  /// Whether the node uses this output.
  func wants(_ output: Int) -> Bool { node.outputs.indices.contains(output) && !node.outputs[output].isEmpty }

  /// A required input.
  func input(_ index: Int) throws(OperatorError) -> Tensor {
    guard let tensor = try tensor(index) else { throw missing(index) }
    return tensor
  }

  /// An input of any kind; nil if it is left out.
  func value(_ index: Int) -> Value? { optional(index).map(Value.tensor) ?? others[index] }

  /// A required input of any kind.
  func required(_ index: Int) throws(OperatorError) -> Value {
    guard let value = value(index) else { throw missing(index) }
    return value
  }

  /// A required input that is a sequence of tensors.
  func sequence(_ index: Int) throws(OperatorError) -> TensorSequence {
    let value = try required(index)
    guard case .sequence(let sequence) = value else {
      throw wrong(index, "a sequence of tensors", found: value.words)
    }
    return sequence
  }

  /// An optional input that must be a tensor if it is given; nil if it is left out.
  func tensor(_ index: Int) throws(OperatorError) -> Tensor? {
    if let tensor = optional(index) { return tensor }
    if let other = others[index] { throw wrong(index, "a tensor", found: other.words) }
    return nil
  }

  private func missing(_ index: Int) -> OperatorError {
    OperatorError("an input \(index)", found: "\(node.inputs.count) inputs")
  }

  /// Whether the model contains this input; it is then the same in every run.
  func isConstant(_ index: Int) -> Bool {
    node.inputs.indices.contains(index) && scope.isConstant(node.inputs[index])
  }

  /// Whether this input is a large tensor of the model that should stay as it is stored: the backend then reads it some
  /// elements at a time, if the operators that use it can.
  func keepsStored(_ index: Int) -> Bool {
    backend.fuses && isConstant(index) && optional(index).map { $0.count >= StoredElements.least } ?? false
  }

  /// An optional input; nil if it is left out.
  func optional(_ index: Int) -> Tensor? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// An optional input with this shape; zeros if it is left out.
  func optional(_ index: Int, _ shape: [Int], zerosOf type: ElementType) throws(OperatorError) -> Tensor {
    guard let tensor = optional(index) else { return try Tensor(zerosOf: type, shape, budget) }
    guard tensor.shape == shape else { throw wrong(index, shapeText(shape), found: shapeText(tensor.shape)) }
    return tensor
  }

  /// All inputs of an operator with any number of inputs, at least one.
  func all() throws(OperatorError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in inputs.indices { tensors.append(try input(index)) }
    if tensors.isEmpty { throw OperatorError("an input", found: "none") }
    return tensors
  }

  /// x + bias for an input [n] and x: [.., n].
  func biased(_ x: Tensor, by index: Int) throws(OperatorError) -> Tensor {
    let bias = try input(index, type: x.type)
    guard x.rank >= 1, bias.shape == [x.shape[x.rank - 1]] else {
      throw wrong(index, "one number for each column of \(shapeText(x.shape))", found: shapeText(bias.shape))
    }
    return try Elementwise.binary(Add.self, self, x, bias)
  }

  /// An error about one input, or about the node if an old version has an attribute in place of the input.
  func wrong(_ index: Int, _ expected: String, found: String) -> OperatorError {
    let name = node.inputs.indices.contains(index) ? node.inputs[index] : ""
    return OperatorError(expected, found: found, subject: name.isEmpty ? nil : "input \(quoted(name))")
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

  /// A new tensor of zeros, or of empty texts.
  func zeros(_ type: ElementType, _ shape: [Int]) throws(OperatorError) -> Tensor {
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
  ///
  /// - Parameter orFloats: whether it may also have floating-point elements, which are rounded towards zero.
  func integers(_ index: Int, orFloats: Bool = false) throws(OperatorError) -> [Int]? {
    guard var tensor = try tensor(index) else { return nil }
    guard tensor.rank <= 1 else {
      throw wrong(index, "at most one dimension", found: shapeText(tensor.shape))
    }
    // The numbers are shapes, axes, pads and the like.
    guard tensor.count <= 1 << 20 else {
      throw wrong(index, "at most \(1 << 20) numbers", found: "\(tensor.count)")
    }
    try budget.spend(tensor.count)
    if orFloats, tensor.type.isFloat { tensor = try Casting.cast(self, tensor, to: .int64) }
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
    guard let tensor = try tensor(index) else { return nil }
    guard tensor.count == 1 else { throw wrong(index, "one element", found: shapeText(tensor.shape)) }
    return try tensor.type.visit(FirstElement(tensor: tensor))
  }

  /// The single boolean of an input; nil if the input is not given.
  func boolean(_ index: Int) throws(OperatorError) -> Bool? {
    guard let tensor = try tensor(index) else { return nil }
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
