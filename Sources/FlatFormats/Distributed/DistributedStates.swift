internal import ByteFiles
internal import Pickle
internal import Tensors

/// The entries of a distributed checkpoint that belong to optimizers.
struct DistributedStates: Sendable {
  /// The bytes of a value in a file.
  typealias Place = (file: Int, range: Range<Int>)

  /// The optimizers of all entries.
  private let optimizers: Set<DistributedNames.Optimizer>
  /// The key of the model, which names do not have; nil if there is none.
  private let wrapper: String?
  private var tensors: [DistributedTensor] = []
  private var values: [(name: TensorName, place: Place?)] = []
  /// Tensors that cannot be read here.
  private var lost: [TensorName] = []

  init(optimizers: some Sequence<DistributedNames.Optimizer>, wrapper: String?) {
    self.optimizers = Set(optimizers)
    self.wrapper = wrapper
  }

  /// Adds a tensor; nil if it cannot be read here.
  mutating func add(_ tensor: DistributedTensor?, named name: TensorName) {
    if let tensor { tensors.append(tensor) } else { lost.append(name) }
  }

  /// Adds a value that is not a tensor.
  mutating func add(value name: TensorName, at place: Place?) { values.append((name, place)) }

  /// The state of the only optimizer; nil if there is none.
  ///
  /// - Parameters:
  ///   - model: the names of the model's tensors.
  ///   - file: opens a file by its number.
  func state(
    model: [TensorName], path: String, file: (Int) throws(FlatFormatError) -> ReadableFile
  ) throws(FlatFormatError) -> (
    state: OptimizerState, tensors: [DistributedTensor], leftOut: Set<TensorName>, hasOrder: Bool
  )? {
    func refusal(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
      .refused(.dcpTensor, path: path, place: place, expected: expected, found: found)
    }
    if tensors.isEmpty, values.isEmpty, lost.isEmpty { return nil }
    if let name = lost.first {
      throw refusal(
        "tensor \(name.quoted) of the optimizer", "a tensor that can be read",
        "one of another dtype, or one that is stored in another shape")
    }
    let roots = Set(optimizers.map { TensorName($0.root) }).sorted()
    guard let root = roots.first, roots.count == 1 else {
      throw refusal(
        "optimizers", "the state of one optimizer",
        "\(roots.count): \(roots.prefix(4).map(\.quoted).joined(separator: ", "))")
    }
    func inner(_ name: TensorName) -> String {
      root.text.isEmpty ? name.text : SystemPath.rest(of: name.text, after: root.text + ".") ?? ""
    }
    var items = tensors.map { (inner($0.name), OptimizerState.Value.tensor($0.name)) }
    for (name, place) in values {
      guard let place else { throw refusal("value \(name.quoted)", "a place in a file", "none") }
      items.append((inner(name), try Self.value(name, place, path: path, file: try file(place.file))))
    }
    do throws(OptimizerState.Malformed) {
      let steps = root.text.split(separator: ".").map { OptimizerState.Key.text(String($0)) }
      let found = try DistributedOptimizer(
        items, model: Set(model), place: steps.isEmpty ? [.text("optimizer")] : steps,
        modelPlace: wrapper.map { [$0] } ?? [])
      return (
        found.state, tensors.map { $0.named(found.names[$0.name] ?? $0.name) },
        Set(optimizers.map { TensorName($0.words) }), found.hasOrder
      )
    } catch { throw refusal("optimizer, \(TensorName(error.place).quoted)", error.expected, error.found) }
  }

  /// A value that torch.save wrote.
  private static func value(
    _ name: TensorName, _ place: Place, path: String, file: ReadableFile
  ) throws(FlatFormatError) -> OptimizerState.Value {
    let words = "value \(name.quoted)"
    func refusal(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.dcpPiece, path: path, place: words, expected: expected, found: found)
    }
    guard let part = ReadableFile(place.range, of: file) else {
      throw refusal("bytes within the file", "fewer")
    }
    do throws(FlatFormatError) {
      guard let (tree, home, _) = try TorchArchive(part).tree(of: "data.pkl") else {
        throw refusal("a zip archive of torch.save", "one without data.pkl")
      }
      var values = TorchValues(TorchDecoder(tree: tree, path: file.path, home: home), called: words)
      let value = try values.value(tree.root, "")
      guard values.places.isEmpty else { throw refusal("a value without tensors", "a tensor") }
      return value
    } catch { throw error.within(words) }
  }
}
