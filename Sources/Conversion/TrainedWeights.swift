package import FlatFormats
package import TensorStreams
package import Tensors

/// Weights with the state of the optimizer that trained them, as one source.
///
/// The tensors of the state follow those of the model, under `optimizer.state.<parameter>.<moment>`.
package struct TrainedWeights: TensorSource {
  /// The weights alone.
  package let weights: any FlatWeightsSource
  /// The state, with the names of the parameters.
  package let optimizer: OptimizerInput
  /// Whether the optimizer's numbers were matched with names by order and shapes, because the file has no names.
  package let isMatchedByOrder: Bool
  package let tensors: [SourceTensor]

  /// Finds the parameters of the state among the weights.
  ///
  /// - Parameters:
  ///   - optimizer: the state as it was read.
  ///   - order: the names of the optimizer's parameters, in the order of its groups; nil if they are to be found.
  package init(
    _ weights: any FlatWeightsSource, _ optimizer: OptimizerInput, order: [TensorName]? = nil
  ) throws(ConversionError) {
    var names = optimizer.state.parameters.compactMap(\.name)
    let hasNames = names.count == optimizer.state.parameters.count
    isMatchedByOrder = !hasNames && order == nil
    if isMatchedByOrder, !names.isEmpty {
      throw .optimizer(
        path: optimizer.path, expected: "names of all parameters, or of none",
        found: "names of \(names.count) of \(optimizer.state.parameters.count) parameters")
    }
    if let order {
      guard !hasNames || names.isEmpty else {
        throw .optimizer(
          path: optimizer.path, expected: "no list of names (--parameter-order)",
          found: "an optimizer that has the names of its parameters")
      }
      guard order.count == optimizer.state.parameters.count else {
        throw .optimizer(
          path: optimizer.path,
          expected:
            "\(optimizer.state.parameters.count) names in the list, one for each parameter of its groups",
          found: "\(order.count)")
      }
      names = order
    }
    if isMatchedByOrder { names = try Self.names(of: optimizer, in: weights) }
    try Self.require(names, of: optimizer, in: weights)
    self.weights = weights
    self.optimizer = optimizer.naming(names)
    tensors = weights.tensors + self.optimizer.tensors
    if let twice = Self.repeated(tensors) {
      throw .optimizer(
        path: optimizer.path, expected: "names that no tensor of the model has", found: twice.quoted)
    }
  }

  package var path: String { weights.path }
  /// The state of an optimizer is not left out here.
  package var leftOut: [LeftOut] {
    weights.leftOut.filter { $0.fate != .apart || !optimizer.takes.contains(TensorName($0.name)) }
  }
  package var sharesTiedBytes: Bool { weights.sharesTiedBytes && optimizer.sharesTiedBytes }

  package func reader(of number: Int) throws -> any TensorByteReader {
    let first = weights.tensors.count
    return number < first ? try weights.reader(of: number) : try optimizer.reader(of: number - first)
  }

  private static func repeated(_ tensors: [SourceTensor]) -> TensorName? {
    var known: Set<TensorName> = []
    return tensors.first { !known.insert($0.spec.name).inserted }?.spec.name
  }

  private static func specs(_ optimizer: OptimizerInput) -> [TensorName: TensorSpec] {
    Dictionary(optimizer.tensors.map { ($0.spec.name, $0.spec) }, uniquingKeysWith: { first, _ in first })
  }

  /// Throws unless each name is a tensor of the model with a shape that its state permits.
  private static func require(
    _ names: [TensorName], of optimizer: OptimizerInput, in weights: any FlatWeightsSource
  ) throws(ConversionError) {
    let places = weights.places
    let specs = specs(optimizer)
    var known: Set<TensorName> = []
    for (parameter, name) in zip(optimizer.state.parameters, names) {
      guard let place = places[name] else {
        throw .optimizer(
          path: optimizer.path, expected: "parameters that are tensors of the model",
          found: "the name \(name.quoted), which is none (--root takes a part of the names away)")
      }
      guard known.insert(name).inserted else {
        throw .optimizer(path: optimizer.path, expected: "each parameter once", found: "\(name.quoted) twice")
      }
      let shape = weights.tensors[place].spec.shape
      // Moments of several shapes are those of a quantised state, which is kept as it is.
      guard let shapes = MomentShapes.shapes(of: parameter, in: specs), shapes.count == 1,
        !shapes.contains(shape)
      else { continue }
      throw .optimizer(
        path: optimizer.path, expected: "state of the shape \(shape) for \(name.quoted)",
        found: "\(shapes.first ?? [])")
    }
  }

  private static func names(
    of optimizer: OptimizerInput, in weights: any FlatWeightsSource
  ) throws(ConversionError) -> [TensorName] {
    let way =
      "build the optimizer from model.named_parameters() to make it certain, or list the names of its parameters "
      + "with --parameter-order"
    func refusal(_ expected: String, _ found: String) -> ConversionError {
      .optimizer(path: optimizer.path, expected: expected, found: "\(found); \(way)")
    }
    guard weights.isInModelOrder else {
      throw refusal(
        "parameters with names", "numbers, and weights in a file that does not keep the order of the model")
    }
    let candidates = ParameterOrder.candidates(among: weights.tensors.map { ($0.spec, $0.tiedTo != nil) })
    do throws(ParameterOrder.Failure) {
      return try ParameterOrder(optimizer.state, candidates: candidates, tensors: specs(optimizer)).names()
    } catch {
      let count = optimizer.state.parameters.count
      switch error {
      case .nothing:
        throw refusal(
          "numbers of \(count) parameters that fit the \(candidates.count) tensors by order and shape",
          "no order that fits")
      case .several:
        throw refusal(
          "numbers of \(count) parameters that fit the \(candidates.count) tensors in one way",
          "several ways")
      case .unknown:
        throw refusal(
          "numbers of \(count) parameters that fit the \(candidates.count) tensors in one way",
          "too many ways to try")
      }
    }
  }
}
