internal import ByteFiles
package import ONNXGraph
package import TensorStreams

/// The parameters and multiply-adds of a model's nodes, for given shapes of the inputs.
package struct LayerCounts: Sendable {
  /// The nodes that run no other nodes, in the order of their first run.
  package let rows: [Profile.Row]
  /// All matrix products and convolutions together.
  package let multiplyAdds: Int
  /// The most bytes of values (not weights) alive at one time, if nodes run one by one.
  package let peakActivationBytes: Int
  /// The inputs of the count, with their types and shapes.
  package let inputs: [(name: String, type: ElementType, shape: [Int])]

  /// Walks through a model with inputs of zeros. The operators give the shapes; large weights are not read, and matrix
  /// products and convolutions are only counted.
  ///
  /// - Parameters:
  ///   - shapes: shapes of inputs; others have their declared shapes, with 1 for an open first extent.
  ///   - supplier: reads the tensors that are not in the model's files.
  package init(
    _ model: Model, shapes: [String: [Int]], supplier: (any TensorReading)? = nil,
    limits: RunLimits = .counting
  ) throws(InferenceError) {
    let activations = ActivationTally()
    let profile = Profile(activations: activations)
    let session = try Session(counting: model, supplier: supplier, limits)
    inputs = try Self.inputs(of: model, shapes: shapes)
    var tensors: [String: Value] = [:]
    for input in inputs {
      do throws(OperatorError) {
        tensors[input.name] = .tensor(try session.zeros(input.type, input.shape))
      } catch {
        throw error.placed("input \(quoted(input.name))", path: model.file.path)
      }
    }
    _ = try session.run(values: tensors, profile: profile)
    rows = profile.all.filter { !$0.isContainer }
    multiplyAdds = rows.reduce(0) { $0 + $1.multiplyAdds }
    peakActivationBytes = activations.peak
  }

  /// The required inputs, with the shapes in `shapes` or else the declared ones.
  package static func inputs(
    of model: Model, shapes: [String: [Int]]
  ) throws(InferenceError) -> [(name: String, type: ElementType, shape: [Int])] {
    let required = model.graph.requiredInputs
    let all = Set(model.graph.inputs.map(\.name))
    let needed = Set(required.map(\.name))
    func refusal(_ place: String, _ expected: String, _ found: String) -> InferenceError {
      .refused(kind: .invalid, path: model.file.path, place: place, expected: expected, found: found)
    }
    for name in shapes.keys.sorted() where !all.contains(name) {
      let names = required.map { quoted($0.name) }.joined(separator: ", ")
      throw refusal("input \(quoted(name))", names.isEmpty ? "no inputs" : "one of \(names)", "no such input")
    }
    var inputs: [(name: String, type: ElementType, shape: [Int])] = []
    for input in model.graph.inputs
    where shapes[input.name] != nil || needed.contains(input.name) {
      let place = "input \(quoted(input.name))"
      guard case .tensor(let type?, let declared)? = input.type, type != .string else {
        throw refusal(place, "a tensor of numbers whose type is declared", "another value")
      }
      let shape: [Int]
      if let given = shapes[input.name] {
        shape = given
      } else {
        shape = try Self.shape(declared, refusal, place, input.name)
      }
      inputs.append((input.name, type, shape))
    }
    return inputs
  }

  /// The declared shape; an error if there is none, or if an extent after the first is open.
  private static func shape(
    _ declared: [Extent]?, _ refusal: (String, String, String) -> InferenceError, _ place: String,
    _ name: String
  ) throws(InferenceError) -> [Int] {
    let wanted = "its shape (--input-shape \(plain(name))=1x3x224x224)"
    guard let declared else { throw refusal(place, wanted, "a model that declares none") }
    var shape: [Int] = []
    for (axis, extent) in declared.enumerated() {
      switch extent {
      case .fixed(let value): shape.append(value)
      // A batch of 1, on which most comparisons are based.
      case .named where axis == 0, .open where axis == 0: shape.append(1)
      case .named(let word): throw refusal(place, wanted, "\(quoted(word)) for extent \(axis)")
      case .open: throw refusal(place, wanted, "no extent \(axis)")
      }
    }
    return shape
  }
}
