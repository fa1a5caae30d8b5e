internal import Tensors
internal import UnitModel

/// The result of applying a preset to the tensors of a file.
struct PresetRules {
  /// Entries for existing tensors; special ones come before general ones.
  var tensors: [PlanTensor] = []
  /// The numbers of heads with which a network can be loaded.
  var headLimits: [HeadLimit] = []
  /// Sentences for the user: what was recognised, what was left whole, and why.
  var words: [String] = []
}

/// A rule of a model's loader: the number of query heads divides the hidden size.
struct HeadLimit {
  /// The axis that counts key heads.
  let axis: NamePattern
  /// Query heads for each key head.
  let queriesPerKey: Int
  let hiddenSize: Int
  let modelType: String

  /// The sub-networks that break the rule, in one sentence; nil if none does.
  func sentence(_ resolved: ResolvedPlan) -> String? {
    guard let axis = resolved.partition.axes.first(where: { axis.match($0.name.text) != nil }) else {
      return nil
    }
    var broken: [String] = []
    for task in resolved.assignment.tasks {
      for (level, units) in task.levels.enumerated() {
        let keys = units.ascending.reduce(axis.common.count) { $0 + axis.units[$1.index].count }
        let heads = keys * queriesPerKey
        if heads == 0 || hiddenSize % heads != 0 {
          broken.append("level \(level + 1) of task \(task.task.quoted) has \(heads)")
        }
      }
    }
    guard let first = broken.first else { return nil }
    return
      "\(modelType) can be loaded only with a number of heads that divides the hidden size \(hiddenSize): \(first)"
      + (broken.count > 1 ? ", and \(broken.count - 1) more do not" : "")
  }
}

/// The names of a file's tensors, with the searches that presets need.
struct TensorNames {
  let specs: [TensorSpec]
  private let places: [TensorName: Int]

  init(specs: [TensorSpec]) {
    self.specs = specs
    places = Dictionary(
      specs.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// The first tensor whose name matches a pattern.
  func first(_ pattern: String) -> TensorSpec? {
    guard let pattern = NamePattern(pattern) else { return nil }
    if pattern.isLiteral { return places[TensorName(pattern.text)].map { specs[$0] } }
    return specs.first { pattern.match($0.name.text) != nil }
  }

  /// Every tensor whose name matches a pattern.
  func all(_ pattern: String) -> [TensorSpec] {
    guard let pattern = NamePattern(pattern) else { return [] }
    return specs.filter { pattern.match($0.name.text) != nil }
  }

  /// The texts before `suffix` in the names that end with it, in order of appearance: "", "bert.".
  func prefixes(of suffix: String) -> [String] {
    guard let pattern = NamePattern("*" + suffix) else { return [] }
    var prefixes: [String] = []
    var seen: Set<String> = []
    for spec in specs {
      guard let prefix = pattern.match(spec.name.text)?.stars.first, seen.insert(prefix).inserted,
        prefix.isEmpty || prefix.hasSuffix(".") || prefix.hasSuffix("/"),
        // A prefix becomes part of a pattern, where these characters would be wildcards.
        !prefix.contains("*"), !prefix.contains("{}")
      else { continue }
      prefixes.append(prefix)
    }
    return prefixes
  }
}
