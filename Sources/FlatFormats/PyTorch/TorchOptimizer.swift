internal import Pickle
internal import Tensors

/// The state_dict of the optimizer in a PyTorch pickle: its tensors, and all other values.
///
/// It is a dictionary with `state` and `param_groups`, anywhere in the file; the file can be that dictionary, too
/// (`optimizer.pt`).
struct TorchOptimizer {
  /// The tensors, by their paths in the state_dict: `state.0.exp_avg`.
  let places: [TorchPlace]
  let state: OptimizerState

  private static let depthLimit = 16
  /// The values that are searched for the state_dict.
  private static let searchLimit = 100_000

  /// Nil if the file has no optimizer's state.
  ///
  /// - Parameter model: the path of keys to the model.
  init?(_ decoder: TorchDecoder, model: [String]) throws(FlatFormatError) {
    let found = Self.found(decoder, TorchEdges(tree: decoder.tree))
    guard let only = found.first else { return nil }
    let names = found.map { Self.name(of: $0.place) }
    if found.count > 1 {
      throw decoder.refusal(
        .torchTensor, "optimizers", "the state of one optimizer",
        "\(found.count): \(names.prefix(4).joined(separator: ", "))\(found.count > 4 ? ", …" : ""); save each optimizer "
          + "in a file of its own, with the model that it trains")
    }
    var values = TorchValues(decoder, called: "optimizer \(names[0])")
    let entries = try values.entries(only.ref)
    places = values.places
    do throws(OptimizerState.Malformed) {
      state = try OptimizerState(entries, place: only.place, modelPlace: model)
    } catch { throw values.refusal(error.place, error.expected, error.found) }
  }

  private static func name(of place: [OptimizerState.Key]) -> String {
    place.isEmpty ? "the file's own" : TensorName(place.map(\.text).joined(separator: ".")).quoted
  }

  /// The dictionaries with `state` and `param_groups`, with their paths.
  private static func found(
    _ decoder: TorchDecoder, _ edges: TorchEdges
  ) -> [(place: [OptimizerState.Key], ref: PickleRef)] {
    var found: [(place: [OptimizerState.Key], ref: PickleRef)] = []
    var seen: Set<PickleRef> = [decoder.tree.root]
    var left: [(place: [OptimizerState.Key], ref: PickleRef)] = [([], decoder.tree.root)]
    var next = 0
    while next < left.count, next < searchLimit {
      let (place, ref) = left[next]
      next += 1
      if edges.hasKeys(ref, ["state", "param_groups"]) {
        found.append((place, ref))
        continue
      }
      guard place.count < depthLimit else { continue }
      let isList = [.list, .tuple].contains(decoder.tree.value(ref))
      for (number, edge) in edges.edges(ref).enumerated()
      where isContainer(edge.target, decoder) && seen.insert(edge.target).inserted {
        let key = isList ? OptimizerState.Key.number(number) : edge.label.map { .text($0) }
        left.append((place + [key].compactMap(\.self), edge.target))
      }
    }
    return found
  }

  /// Whether a value may contain the state_dict; a model has many tensors.
  private static func isContainer(_ ref: PickleRef, _ decoder: TorchDecoder) -> Bool {
    switch decoder.tree.value(ref) {
    case .list, .tuple, .dictionary, .object: !decoder.isLeaf(ref)
    default: false
    }
  }
}
