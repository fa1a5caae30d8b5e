internal import TensorStreams
internal import Tensors

/// Which entries of a distributed checkpoint belong to the model, by their names.
///
/// * A dictionary with `state` and `param_groups` is an optimizer, at any place.
/// * So is one that is named `optimizer` or `optim` at the top, or below another key if its state follows.
/// * A name that ends in that of a moment, such as `exp_avg`, is an optimizer's; so is `step` beside one.
struct DistributedNames {
  /// The optimizer of each name that belongs to one.
  private(set) var optimizers: [TensorName: Optimizer] = [:]

  /// An optimizer, as names show it.
  enum Optimizer: Hashable {
    /// All names begin with these keys and a dot.
    case below(String)
    /// Names begin with `state` or `param_groups`.
    case top
    /// A moment beside its parameter.
    case beside(moment: String)

    /// The keys that all names begin with; empty if there are none.
    var root: String { if case .below(let root) = self { root } else { "" } }

    /// The name in messages.
    var words: String {
      switch self {
      case .below(let root): root
      case .top: "state"
      case .beside(let moment): "*.\(moment)"
      }
    }
  }

  private static let names: Set<String> = [
    "optimizer", "optim", "optimizers", "optims", "optimizer_state", "optimizer_states", "optim_state",
    "optimizer_state_dict", "optim_state_dict",
  ]
  private static let parts: Set<String> = ["state", "param_groups", "param_state", "distributed"]
  private static let moments: Set<String> = [
    "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", "square_avg", "grad_avg",
    "acc_delta",
  ]

  /// - Parameter names: all entries, those that are not tensors included.
  init(_ names: [TensorName]) {
    let steps = names.map { Self.steps($0.text) }
    let roots = Self.prefixes(before: "state", steps).intersection(
      Self.prefixes(before: "param_groups", steps))
    let moved = Set(
      steps.filter { Self.moments.contains($0.last ?? "") }.map { TensorName(Self.joined($0.dropLast())) })
    for (name, steps) in zip(names, steps) {
      if let optimizer = Self.optimizer(steps, roots, moved) { optimizers[name] = optimizer }
    }
  }

  private static func optimizer(
    _ steps: [String], _ roots: Set<TensorName>, _ moved: Set<TensorName>
  ) -> Optimizer? {
    for place in places(of: ["state", "param_groups"], steps) {
      let root = joined(steps[..<place])
      if roots.contains(TensorName(root)) { return root.isEmpty ? .top : .below(root) }
    }
    if let first = steps.first, names.contains(first) { return .below(first) }
    if steps.count > 2, names.contains(steps[1]), parts.contains(steps[2]) {
      return .below(joined(steps[..<2]))
    }
    guard steps.count > 1, let last = steps.last else { return nil }
    if moments.contains(last) || last == "step" && moved.contains(TensorName(joined(steps.dropLast()))) {
      return steps[0] == "state" ? .top : .beside(moment: last)
    }
    return nil
  }

  /// The names before each step that has this name.
  private static func prefixes(before wanted: String, _ names: [[String]]) -> Set<TensorName> {
    var found: Set<TensorName> = []
    for steps in names {
      for place in places(of: [wanted], steps) { found.insert(TensorName(joined(steps[..<place]))) }
    }
    return found
  }

  /// The first places of steps with these names. Each is joined with all steps before it, so a hostile name of 10,000
  /// equal steps would take gigabytes without the limit.
  private static func places(of wanted: Set<String>, _ steps: [String]) -> [Int] {
    Array(steps.indices.lazy.filter { wanted.contains(steps[$0]) }.prefix(8))
  }

  private static func steps(_ name: String) -> [String] {
    name.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
  }

  private static func joined(_ steps: some Sequence<String>) -> String { steps.joined(separator: ".") }

  /// The key that holds the whole model, which is left out of names as in a PyTorch file: the first step of every path,
  /// if it is one of the usual keys and never the whole path. Nil if there is none.
  ///
  /// - Parameter firsts: the first step of each name that is a path of several steps.
  static func wrapper(of names: [TensorName], _ firsts: [TensorName: String]) -> String? {
    guard let first = names.first.flatMap({ firsts[$0] }), TorchNames.wrappers.contains(first) else {
      return nil
    }
    let isEverywhere = names.allSatisfy { name in
      firsts[name].map { TensorName($0) == TensorName(first) } ?? false
    }
    return isEverywhere ? first : nil
  }
}

/// The parts of a distributed checkpoint that are not tensors of the model.
struct DistributedLeftOut {
  /// The tensors and bytes of each optimizer, and its other values.
  private var optimizers: [(name: String, tensors: Int, bytes: Int, values: Int)] = []
  /// The place of each name in `optimizers`; a file may have as many optimizers as names.
  private var places: [TensorName: Int] = [:]
  private var others: [LeftOut] = []
  private var valueCount = 0

  /// The most values, and the most optimizers, that are listed by name; one more entry counts the rest of each.
  private static let limit = 100

  /// Adds an optimizer's tensor, or another value of it.
  mutating func add(to optimizer: DistributedNames.Optimizer, tensorBytes: Int?) {
    let name = optimizer.words
    let place = places[TensorName(name), default: optimizers.count]
    if place == optimizers.count {
      optimizers.append((name, 0, 0, 0))
      places[TensorName(name)] = place
    }
    if let tensorBytes {
      optimizers[place].tensors += 1
      let (sum, overflow) = optimizers[place].bytes.addingReportingOverflow(tensorBytes)
      optimizers[place].bytes = overflow ? .max : sum
    } else {
      optimizers[place].values += 1
    }
  }

  /// Adds a value that is not a tensor.
  mutating func add(value name: TensorName, byteCount: Int?) {
    valueCount += 1
    guard valueCount <= Self.limit else { return }
    let size = byteCount.map { " (\(ByteCount($0)))" } ?? ""
    others.append(LeftOut(name.text, "a value that is not a tensor\(size)", .apart))
  }

  mutating func add(_ item: LeftOut) { others.append(item) }

  var all: [LeftOut] {
    var all = optimizers.prefix(Self.limit).map { name, tensors, bytes, values in
      LeftOut(
        name,
        "the state of an optimizer, \(tensors) \(tensors == 1 ? "tensor" : "tensors") (\(ByteCount(bytes)))"
          + (values == 0 ? "" : " and \(values) other \(values == 1 ? "value" : "values")"), .apart)
    }
    if optimizers.count > Self.limit {
      all.append(
        LeftOut("…", "the states of \(optimizers.count - Self.limit) more optimizers", .apart))
    }
    all += others
    if valueCount > Self.limit {
      all.append(LeftOut("…", "\(valueCount - Self.limit) more values that are not tensors", .apart))
    }
    return all
  }
}
