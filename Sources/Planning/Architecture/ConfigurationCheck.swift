package import StrictJSON
package import Tensors
internal import UnitModel

/// The comparison of a model's config.json with its tensors: what a loader would refuse, leave at random numbers, or
/// compute differently.
package struct ConfigurationCheck {
  /// A value of config.json, or a tensor, that does not agree with the other side.
  package struct Disagreement: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
      /// A key of config.json, with the names of the objects that contain it.
      case key(String)
      case tensor(TensorName)
    }
    package let place: Place
    package let expected: String
    package let found: String
    /// Whether a loader computes the same with it.
    package let isHarmless: Bool
  }

  package internal(set) var disagreements: [Disagreement] = []
  /// What is not compared, each with the reason.
  package internal(set) var unexamined: [String] = []
  /// The embedding with the fewest rows, which limit the ids of tokens; nil if none is known.
  package internal(set) var vocabulary: (tensor: TensorName, rows: Int)?

  /// Whether no loader builds the model if its padding id has no row.
  package let padsByRow: Bool

  let numbers: ModelSizes
  let index: TensorIndex
  /// The model type that is known, and its architecture.
  let type: String
  /// The numbers that a loader takes for keys that config.json lacks; nil if they are not known.
  let defaults: [String: Int]?
  /// Keys that a document names and config.json lacks, without a known default.
  var absent: [String] = []
  /// Keys that config.json lacks, with the number that a loader takes.
  private(set) var defaulted: [String: Int] = [:]
  /// The most disagreements of one kind; a hostile file could have a million.
  static let limit = 20
  /// The most copies of an architecture in one file, such as the encoders of a pair. Each is searched in all tensors.
  static let prefixLimit = 4
  /// The most tensors; the largest models have 100,000.
  static let tensorLimit = 1 << 18

  /// Compares a document with all tensors of the weights.
  package init(_ document: JSONObject, _ specs: [TensorSpec]) {
    var type: String?
    if case .string(let name)? = document["model_type"] { type = name }
    let own = type.flatMap(Architecture.of(type:))
    let part = own == nil ? ModelSizes.part(of: document) { Architecture.of(type: $0) != nil } : nil
    let numbers = ModelSizes(document, part: part)
    self.numbers = numbers
    index = TensorIndex(specs)
    let partType = part.flatMap { numbers.text("\($0).model_type") }
    let known = own ?? partType.flatMap(Architecture.of(type:))
    self.type = (own == nil ? partType : type) ?? "none"
    defaults = known?.defaults[self.type]
    padsByRow = known?.paddingTypes.contains(self.type) ?? false
    if reportsUngathered(specs) { return }
    let keyCounts = known?.groups.compactMap(\.heads?.keyCountKey)
    if keyCounts?.contains("num_key_value_heads") ?? true { checkHeads() }
    checkExperts()
    checkDType()
    checkLabels()
    if let extra = specs.first(where: { TensorNames.isExtra($0.name.text) }) {
      unexamined.append(
        "tensors such as \(extra.name.quoted) predict further tokens, and transformers ignores them: they are not compared"
      )
    }
    guard specs.count <= Self.tensorLimit else {
      unexamined.append(
        "expected at most \(Self.tensorLimit.grouped) tensors, found \(specs.count.grouped): they are not compared"
      )
      return
    }
    guard let known else {
      checkLists(["layer_types", "mlp_layer_types"], count: "num_hidden_layers", in: nil)
      vocabulary = embeddingByRows()
      unexamined.append(
        "expected a model_type that is known here, found \(type.map { TensorName($0).quoted } ?? "none"): layers, "
          + "widths and embeddings are not compared with the tensors")
      return
    }
    var prefixes = Self.prefixes(of: known, TensorNames(specs: specs)).filter { prefix in
      part == nil || !prefix.contains(#/vision|visual|audio/#)
    }
    if prefixes.count > Self.prefixLimit {
      unexamined.append(
        "expected layers under at most \(Self.prefixLimit) prefixes, found \(prefixes.count): only the first are compared"
      )
      prefixes = Array(prefixes.prefix(Self.prefixLimit))
    }
    if isPacked {
      unexamined.append("the weights are quantised: their shapes are not compared with config.json")
    }
    if prefixes.isEmpty {
      unexamined.append(
        "expected tensors named '…\(known.marker)' for the model_type \(known.id), found none: layers and widths are not "
          + "compared with the tensors")
    }
    let isUniform = !isPacked && numbers.value("per_layer_config") == nil
    let lists = known.groups.filter { !$0.listTypes.isEmpty }.compactMap(\.widthKey).filter { key in
      if case .array? = numbers.value(key) { true } else { false }
    }
    for prefix in prefixes {
      if let wrapper = Self.wrapper(in: prefix) {
        report(
          .tensor(TensorName(prefix + known.marker)),
          "names that a loader knows; 'tessera convert --root' takes off a prefix",
          "the prefix '\(wrapper)'")
      }
      // A key decides which of two shapes is the right one, so sizes come first.
      if isUniform {
        for group in known.groups { check(group, of: known, under: prefix) }
        for rows in known.rows { check(rows, under: prefix) }
      }
      for layers in known.layers { check(layers, under: prefix, hasShapes: isUniform && lists.isEmpty) }
    }
    if let layers = known.layers.first, let count = layers.countKey {
      checkLists(lists, count: count, in: layers.object)
    }
    if !isPacked { for rows in known.embeddings { check(rows, under: nil) } }
    checkPresence(known)
    if numbers.value("per_layer_config") != nil {
      unexamined.append("per_layer_config gives layers of different widths: widths are not compared")
    }
    if !absent.isEmpty {
      let names = Set(absent).sorted().joined(separator: ", ")
      unexamined.append("config.json has no number for \(names): the loader's default is not compared")
    }
  }

  /// Whether the weights are quantised.
  var isPacked: Bool {
    numbers.value("quantization_config") != nil || numbers.value("quantization") != nil
  }

  mutating func report(
    _ place: Disagreement.Place, _ expected: String, _ found: String, isHarmless: Bool = false
  ) {
    var place = place
    if case .key(let key) = place { place = .key(ownName(of: key)) }
    // The first finding on a tensor says what is wrong with it.
    if case .tensor = place, disagreements.contains(where: { $0.place == place }) { return }
    let new = Disagreement(place: place, expected: expected, found: found, isHarmless: isHarmless)
    if !disagreements.contains(new) { disagreements.append(new) }
  }

  /// Keys under the names that config.json uses for them.
  private func ownName(of keys: String) -> String {
    keys.split(separator: ", ").map { key in
      let parts = key.split(separator: ".").map(String.init)
      guard let last = parts.last, parts.count <= 2, !key.contains(" ") else { return String(key) }
      let object = parts.count == 2 ? parts[0] : nil
      return numbers.path(last, in: object).joined(separator: ".")
    }.joined(separator: ", ")
  }

  /// Reports tensors with the same defect: the first of them, and the number of the others.
  mutating func report(
    _ tensors: [TensorSpec], at place: (TensorSpec) -> Disagreement.Place, _ expected: (TensorSpec) -> String,
    _ found: (TensorSpec) -> String
  ) {
    guard let first = tensors.first else { return }
    let rest = tensors.count == 1 ? "" : ", and \(tensors.count - 1) more like it"
    report(place(first), expected(first) + rest, found(first))
  }

  /// Reports tensors whose extent is not the number of a key. If at least as many tensors have the number, the tensors
  /// are at fault, else the key.
  mutating func report(
    _ wrong: [CutExtent], of all: Int, expected number: Int?, key: String
  ) {
    guard let first = wrong.first else { return }
    let said = number.map(String.init) ?? "a number beyond 64 bits"
    if wrong.count * 2 > all {
      let rest = wrong.count == 1 ? "" : ", and \(wrong.count - 1) more like it"
      let part = first.repeats == 1 ? "" : "\(first.extent / first.repeats), a part of "
      report(.key(key), part + Self.extent(first.place, of: first.spec) + rest, words(said, of: key))
      return
    }
    for item in wrong.prefix(Self.limit) {
      let part = item.repeats == 1 ? "" : "\(item.repeats) * "
      report(
        .tensor(item.spec.name), "\(part)\(said), \(key) of config.json, in dimension \(item.place)",
        "shape \(item.spec.shape)")
    }
  }

  /// A key with the object that has it.
  static func path(_ key: String, in object: String?) -> String { object.map { "\($0).\(key)" } ?? key }

  /// What config.json says under keys that are joined by other characters; of a missing one, what loaders take.
  func words(_ said: String, of keys: String) -> String {
    let missing = keys.split { ", *+".contains($0) }.map(String.init).filter { defaulted[$0] != nil }
    return missing.isEmpty
      ? said
      : "no \(missing.joined(separator: ", ")), for which loaders take "
        + missing.compactMap { defaulted[$0].map(String.init) }.joined(separator: ", ")
  }

  /// The number of a key, or the one that loaders take for it; reports a value of another kind, and remembers a key that is
  /// absent.
  mutating func number(_ key: String, in object: String?) -> Int? {
    let path = Self.path(key, in: object)
    switch numbers.value(key, in: object) {
    case nil:
      defaulted[path] = defaults?[path]
      if defaults?[path] == nil { absent.append(path) }
      return defaults?[path]
    // A list gives each layer its own number.
    case .array?: return nil
    case .integer(let number)? where number >= 0: return Int(exactly: number)
    case .integer(let number)?: report(.key(path), "a number of at least 0", "\(number)")
    case let other?: report(.key(path), "a whole number", other.kindName)
    }
    return nil
  }
}

extension ConfigurationCheck {
  /// Prefixes of training programs, which no loader expects. It would fill the whole model with random numbers.
  private static let wrappers = [
    "module.", "_orig_mod.", "base_model.model.", "model_ema.", "ema_model.", "state_dict.", "student.",
    "teacher.",
  ]

  /// The prefixes of an architecture's tensors. A file that lacks the marker in every layer has other tensors of layers.
  private static func prefixes(of architecture: Architecture, _ names: TensorNames) -> [String] {
    let marked = names.prefixes(of: architecture.marker)
    if !marked.isEmpty { return marked }
    for layers in architecture.layers {
      for tensor in Set(layers.kinds.flatMap(\.tensors)).sorted() {
        let found = names.prefixes(of: layers.pattern + tensor)
        if !found.isEmpty { return found }
      }
    }
    return []
  }

  /// The beginning of a prefix that a training program added; nil if there is none.
  static func wrapper(in prefix: String) -> String? { wrappers.first { prefix.hasPrefix($0) } }

  /// Reports tensors of the shape that partitioned training leaves, and returns whether there are some.
  private mutating func reportsUngathered(_ specs: [TensorSpec]) -> Bool {
    let empty = specs.filter { $0.shape == [0] }
    report(
      empty, at: { .tensor($0.name) }, { _ in "at least one element" },
      { "shape \($0.shape); a training program did not gather its partitioned weights" })
    return !empty.isEmpty
  }

  /// The arithmetic of heads that needs no tensors.
  private mutating func checkHeads() {
    guard let (countKey, count) = numbers.first(["num_attention_heads"]),
      let (keyKey, keys) = numbers.first(["num_key_value_heads"])
    else { return }
    if count < 1 || keys < 1 || count % keys != 0 {
      report(.key(keyKey), "a number that divides \(countKey) \(count)", "\(keys)")
    }
  }

  /// The first of several keys that config.json has, or for which loaders have a number of their own.
  private mutating func number(of keys: [String]) -> (key: String, number: Int)? {
    if let known = numbers.first(keys) { return known }
    let key = key(of: keys)
    return defaults?[key] == nil ? nil : number(key, in: nil).map { (key, $0) }
  }

  private static let expertKeys = ["num_local_experts", "num_experts", "n_routed_experts"]

  /// The number of experts, against the numbers that routers use and against the experts in the weights.
  private mutating func checkExperts() {
    guard let (key, experts) = number(of: Self.expertKeys), experts > 1 else { return }
    let groups = numbers.integer("n_group") ?? 1
    if groups < 1 || experts % groups != 0 {
      report(.key("n_group"), "a number that divides \(key) \(experts)", "\(groups)")
    } else if let kept = numbers.integer("topk_group"), !(1...groups).contains(kept) {
      report(.key("topk_group"), "a number from 1 to n_group \(groups)", "\(kept)")
    } else if groups > 1, experts / groups < 2 {
      report(
        .key("n_group"), "at least 2 experts in a group, by which routers score it", "\(experts / groups)")
    } else if groups > 1, let kept = numbers.integer("topk_group"),
      let top = numbers.integer("num_experts_per_tok"),
      top > kept * (experts / groups)
    {
      report(
        .key("num_experts_per_tok"),
        "at most \(kept * (experts / groups)), the experts in topk_group \(kept) groups",
        "\(top)")
    }
    if let (topKey, top) = numbers.first(["num_experts_per_tok", "num_experts_per_token", "moe_topk"]) {
      if !(1...experts).contains(top) {
        report(.key(topKey), "a number from 1 to \(key) \(experts)", "\(top)")
      }
    }
    var places: [String: Set<Int>] = [:]
    var order: [String] = []
    for spec in index.specs where !TensorNames.isExtra(spec.name.text) {
      guard let (place, number) = Self.expert(in: spec.name.text) else { continue }
      if places[place] == nil { order.append(place) }
      places[place, default: []].insert(number)
    }
    let wrong = order.filter { place in
      guard let numbers = places[place] else { return false }
      return numbers.count != experts || numbers.max() != experts - 1
    }
    guard let first = wrong.first, let there = places[first] else { return }
    let rest = wrong.count == 1 ? "" : ", and \(wrong.count - 1) more like it"
    report(
      .key(key), "\(there.count), the number of experts under \(TensorName(first).quoted)\(rest)",
      there.count == experts ? "\(experts), and gaps in the numbers there" : words("\(experts)", of: key),
      // Loaders sort the experts that are there.
      isHarmless: there.count == experts)
  }

  /// The text before the number of an expert, and the number.
  static func expert(in name: String) -> (place: String, number: Int)? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let place = parts.firstIndex(of: "experts"), place + 1 < parts.count,
      let number = Int(parts[place + 1])
    else { return nil }
    return (parts[...place].joined(separator: "."), number)
  }

  private mutating func checkDType() {
    let names = [
      "float64": DType.f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16, "float8_e4m3fn": .f8E4M3,
    ]
    for key in ["dtype", "torch_dtype"] {
      guard let name = numbers.text(key), let dtype = names[name] else { continue }
      let found = Set(index.specs.map(\.dtype).filter { names.values.contains($0) })
      if found.count == 1, let other = found.first, other != dtype {
        report(
          .key(key), "\(other.rawValue), the dtype of the tensors", TensorName(name).quoted, isHarmless: true)
      }
    }
  }

  /// The output layers of classifiers, one row for each label.
  private mutating func checkLabels() {
    guard numbers.classes.contains(where: { $0.hasSuffix("Classification") }), !isPacked else { return }
    // A number comes before the list, and without both there are two labels.
    var (key, count) = ("num_labels", 2)
    if let number = numbers.atTop(key) {
      if case .integer(let labels) = number { count = Int(clamping: labels) }
    } else if case .object(let labels)? = numbers.atTop("id2label") {
      (key, count) = ("id2label", labels.members.count)
    }
    let ends = [
      "classifier.weight", "score.weight", "classifier.out_proj.weight",
      "classification_head.out_proj.weight",
    ]
    for spec in ends.flatMap({ index.matches($0, under: "") })
    where spec.shape.count == 2 && spec.shape[0] != count {
      report(.key(key), "\(spec.shape[0]) labels, the rows of tensor \(spec.name.quoted)", "\(count)")
    }
  }

  /// Lists with an entry for each layer.
  mutating func checkLists(_ keys: [String], count countKey: String, in object: String?) {
    guard let count = numbers.integer(countKey, in: object) else { return }
    for key in keys {
      guard case .array(let entries)? = numbers.value(key, in: object), entries.count != count else {
        continue
      }
      report(
        .key(Self.path(key, in: object)), "\(count) entries, one for each of \(countKey)",
        "\(entries.count)")
    }
  }

  /// An embedding of an unknown model: a tensor with as many rows as the vocabulary.
  private func embeddingByRows() -> (TensorName, Int)? {
    guard let size = numbers.integer("vocab_size") else { return nil }
    let spec = index.specs.first { $0.shape.count == 2 && $0.shape[0] == size }
    return spec.map { ($0.name, size) }
  }

  /// The tensors outside the layers.
  private mutating func checkPresence(_ architecture: Architecture) {
    // A class for one kind of input, or for one of two stacks, has the embeddings and norms of its part.
    let isWhole = architecture.layers.allSatisfy { layers in
      NamePattern("*\(layers.pattern)*").map { pattern in
        index.specs.contains { pattern.match($0.name.text) != nil }
      } ?? true
    }
    if architecture.layers.count > 1, !isWhole { return }
    checkOutside(architecture)
    let tokens = architecture.embeddings.filter(\.isVocabulary)
    for spec in tokens.flatMap({ index.matches($0.suffix, under: nil) }) where spec.shape.count == 2 {
      if spec.shape[0] < vocabulary?.rows ?? .max { vocabulary = (spec.name, spec.shape[0]) }
    }
    if let first = tokens.first, vocabulary == nil, numbers.integer("vocab_size") != nil {
      report(.tensor(TensorName(first.suffix)), "a tensor with a row for each token", "none")
    }
  }
}

extension Architecture.Rows {
  /// Whether the tensors have a row for each token.
  var isVocabulary: Bool {
    guard terms.count == 1, terms[0].count == 1, let key = terms[0][0].first else { return false }
    return key.split(separator: ".").last == "vocab_size"
  }
}
