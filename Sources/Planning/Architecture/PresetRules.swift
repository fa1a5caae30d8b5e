internal import Tensors
internal import UnitModel

/// The result of applying a preset to the tensors of a file.
struct PresetRules {
  /// Entries for existing tensors; special ones come before general ones.
  var tensors: [PlanTensor] = []
  /// The patterns of the tensors that read the channels of their group; the others make them.
  var readers: Set<String> = []
  /// The patterns of the tensors that neither make nor read channels.
  var neutral: Set<String> = []
  /// Axes with properties of their own.
  var axes: [AxisOption] = []
  /// The axes whose channels are modules.
  var moduleAxes: Set<String> = []
  /// The numbers of heads with which a network can be loaded.
  var headLimits: [HeadLimit] = []
  /// Sentences for the user: what was recognised, what was left whole, and why.
  var words: [String] = []

  /// Cuts the tensors of a pattern, in addition to the dimensions that another group cuts.
  mutating func cut(_ pattern: NamePattern, _ dimensions: [DimensionPlacement]) {
    guard let place = tensors.firstIndex(where: { $0.selector == .match(pattern) }) else {
      tensors.append(PlanTensor(selector: .match(pattern), dimensions: dimensions))
      return
    }
    tensors[place].dimensions = zip(tensors[place].dimensions, dimensions).map { $0 == .whole ? $1 : $0 }
  }

  /// Makes every tensor of a pattern with a `*` at its end one channel of an axis.
  mutating func number(_ pattern: String, by axis: AxisName, _ names: TensorNames) {
    let start = pattern.dropLast()
    for place in tensors.indices where tensors[place].selector.text.hasPrefix(start) {
      tensors[place].channelOf.append(axis)
    }
    let known = tensors.compactMap { if case .match(let pattern) = $0.selector { pattern } else { nil } }
    guard
      names.all(pattern).contains(where: { spec in known.allSatisfy { $0.match(spec.name.text) == nil } }),
      let pattern = NamePattern(pattern)
    else { return }
    tensors.append(PlanTensor(selector: .match(pattern), channelOf: [axis]))
  }
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

  /// One more than the highest number at the last `{}` of patterns, or 0.
  func count(of patterns: [String], under prefix: String) -> Int {
    patterns.reduce(0) { highest, text in
      guard let pattern = NamePattern(prefix + text) else { return highest }
      return specs.reduce(highest) { count, spec in
        let number = pattern.match(spec.name.text)?.components.last.flatMap { Int($0) }
        // A number beyond the number of tensors is not the number of a layer.
        return max(count, number.map { $0 < specs.count ? $0 + 1 : 0 } ?? 0)
      }
    }
  }

  /// Whether a tensor belongs to layers beside the model, which predict further tokens and which transformers ignores:
  /// `mtp.layers.0.…`.
  static func isExtra(_ name: String) -> Bool { name.hasPrefix("mtp.") || name.contains(".mtp.") }

  /// The texts before `suffix` in the names that end with it, in order of appearance: "", "bert.".
  func prefixes(of suffix: String) -> [String] {
    guard let pattern = NamePattern("*" + suffix) else { return [] }
    var prefixes: [String] = []
    var seen: Set<String> = []
    for spec in specs {
      guard let prefix = pattern.match(spec.name.text)?.stars.first, seen.insert(prefix).inserted,
        prefix.isEmpty || prefix.hasSuffix(".") || prefix.hasSuffix("/"),
        // A prefix becomes part of a pattern, where these characters would be wildcards.
        !prefix.contains("*"), !prefix.contains("{}"), !Self.isExtra(prefix)
      else { continue }
      prefixes.append(prefix)
    }
    return prefixes
  }
}
