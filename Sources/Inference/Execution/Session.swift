package import ByteFiles
package import ONNXGraph
package import TensorStreams

/// A model with its weights in memory, ready to run.
package final class Session {
  private let model: Model
  private let graph: CompiledGraph
  private let budget: RunBudget
  private let loader: ConstantLoader
  private let backend: any Backend

  /// Reads the weights of `model` and finds every operator; throws for a missing or malformed part.
  ///
  /// - Parameter supplier: reads the tensors that are not in the model's files.
  package convenience init(
    _ model: Model, supplier: (any TensorReading)? = nil, backend: BackendKind = .reference,
    threads: Int = 1, limits: RunLimits = RunLimits()
  ) throws(InferenceError) {
    try self.init(
      model, supplier: supplier, backend: backend.make(threads: threads), limits: limits)
  }

  /// A session whose runs only count: large weights are not read, and products are not computed.
  convenience init(
    counting model: Model, supplier: (any TensorReading)?, _ limits: RunLimits
  ) throws(InferenceError) {
    try self.init(
      model, supplier: supplier, backend: CountingBackend(), limits: limits, shapesOnly: true)
  }

  init(
    _ model: Model, supplier: (any TensorReading)? = nil, backend: any Backend,
    limits: RunLimits = RunLimits(), shapesOnly: Bool = false
  ) throws(InferenceError) {
    self.model = model
    self.backend = backend
    budget = RunBudget(limits, doesProducts: !shapesOnly)
    var loader = ConstantLoader(
      file: model.file, external: ExternalFiles(of: model.file), strings: StringPool(budget), budget: budget,
      shapesOnly: shapesOnly)
    loader.supplier = supplier
    self.loader = loader
    graph = try GraphCompiler(model, loader: loader, fuses: backend.fuses).main()
  }

  /// The inputs without which a run fails, in the model's order.
  package var requiredInputs: [ValueInfo] { model.graph.requiredInputs }

  /// Every input, including those with an initializer.
  package var inputs: [ValueInfo] { model.graph.inputs }

  /// The outputs as the model declares them.
  package var outputs: [ValueInfo] { model.graph.outputs }

  /// The bytes of unused memory that the session keeps for later runs.
  var pooledBytes: Int { budget.pool.byteCount }

  /// The bytes read from the model's files so far, for weights and for everything else.
  package var bytesRead: (weights: Int, rest: Int) {
    let files = loader.external.all.reduce(model.file.byteCountRead) { $0 + $1.byteCountRead }
    return (loader.byteCountRead, files - loader.byteCountRead)
  }

  /// A tensor for an input, filled by `fill` with unpacked little-endian elements.
  package func tensor(
    _ type: ElementType, _ shape: [Int], for name: String,
    fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws -> Tensor {
    let tensor: Tensor
    do { tensor = try Tensor(type, shape, budget) } catch {
      throw error.placed("input \(quoted(name))", path: model.file.path)
    }
    try fill(UnsafeMutableRawBufferPointer(start: tensor.storage.base, count: tensor.count * type.width))
    return tensor
  }

  /// Read-only zeros, which take no memory.
  func zeros(_ type: ElementType, _ shape: [Int]) throws(OperatorError) -> Tensor {
    try Tensor(zerosOf: type, shape, budget)
  }

  /// The only tensor of a file in the form in which ONNX stores its test data.
  package func tensor(message file: ReadableFile) throws(InferenceError) -> (name: String, tensor: Tensor) {
    let constant: TensorConstant
    do { constant = try TensorConstant(message: file) } catch { throw .graph(error) }
    let loader = ConstantLoader(
      file: file, external: ExternalFiles(of: file), strings: loader.strings, budget: budget)
    return (constant.name, try loader.tensor(constant))
  }

  /// The texts of a text tensor; empty for other types.
  package func texts(_ tensor: Tensor) -> [String] {
    tensor.type == .string ? tensor.values(Int64.self).prefix(tensor.count).map(loader.strings.text) : []
  }

  /// The only value of a file in the form in which ONNX stores its test data.
  ///
  /// - Parameter type: the declared type of the value, which gives the kind of message; nil is a tensor.
  package func value(message file: ReadableFile, _ type: ValueType?) throws(InferenceError) -> Value {
    let stored: StoredValue
    do { stored = try StoredValue(message: file, type) } catch { throw .graph(error) }
    let loader = ConstantLoader(
      file: file, external: ExternalFiles(of: file), strings: loader.strings, budget: budget)
    return try loader.value(stored, type)
  }

  /// The outputs for `inputs`, in the model's order; all must be tensors.
  ///
  /// - Parameter isCancelled: asked before each node; if it is true, the run ends with an error.
  package func run(
    _ inputs: [String: Tensor], profile: Profile? = nil,
    observer: (@Sendable (String, Tensor) -> Void)? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(InferenceError) -> [(name: String, tensor: Tensor)] {
    var tensors: [(name: String, tensor: Tensor)] = []
    for (name, value) in try run(
      values: inputs.mapValues(Value.tensor), profile: profile, observer: observer, isCancelled: isCancelled)
    {
      guard case .tensor(let tensor) = value else {
        throw .refused(
          kind: .unsupported, path: model.file.path, place: "output \(quoted(name))", expected: "a tensor",
          found: value.words)
      }
      tensors.append((name, tensor))
    }
    return tensors
  }

  /// The outputs for `inputs`, in the model's order. The observer receives tensors only.
  package func run(
    values inputs: [String: Value], profile: Profile? = nil,
    observer: (@Sendable (String, Tensor) -> Void)? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(InferenceError) -> [(name: String, value: Value)] {
    budget.restart()
    let scope = Scope(graph, within: nil)
    for input in model.graph.requiredInputs where inputs[input.name] == nil {
      throw refusal("input \(quoted(input.name))", "a value", "none")
    }
    let declared = Dictionary(
      model.graph.inputs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (name, value) in inputs.sorted(by: { $0.key < $1.key }) {
      guard let input = declared[name] else {
        let names = model.graph.inputs.map { quoted($0.name) }.joined(separator: ", ")
        throw refusal("input \(quoted(name))", "one of \(names)", "no such input")
      }
      try check(value, input)
      scope[name] = value
    }
    let context = RunContext(
      backend: backend, budget: budget, path: model.file.path, constants: loader, profile: profile,
      observer: observer, isCancelled: isCancelled)
    let outputs = try Interpreter(run: context).outputs(of: graph, in: scope)
    return zip(graph.outputs, outputs).map { (name: $0, value: $1) }
  }

  /// Checks a value against the input's declared type, with its rank and fixed extents.
  private func check(_ value: Value, _ input: ValueInfo) throws(InferenceError) {
    let place = "input \(quoted(input.name))"
    do throws(OperatorError) {
      if let (expected, found) = try input.type?.disagreement(value) {
        throw OperatorError(expected, found: found)
      }
    } catch { throw error.placed(place, path: model.file.path) }
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> InferenceError {
    .refused(kind: .invalid, path: model.file.path, place: place, expected: expected, found: found)
  }
}
