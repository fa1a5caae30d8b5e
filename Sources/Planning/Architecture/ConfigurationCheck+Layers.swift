internal import Tensors
internal import UnitModel

/// The tensors of a stack of layers, by layer and by the rest of their names.
struct LayerStack {
  struct Member {
    let layer: Int
    let spec: TensorSpec
    /// The name after the number of the layer; an expert's number is `{}`.
    let suffix: String
    let expert: Int?
  }
  private(set) var members: [Member] = []
  /// The numbers of the layers, ascending.
  let layers: [Int]

  init(_ specs: [TensorSpec], _ pattern: NamePattern) {
    for spec in specs {
      guard let captures = pattern.match(spec.name.text), let layer = Int(captures.components[0]),
        layer >= 0, let rest = captures.stars.first
      else { continue }
      let parts = rest.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard let place = parts.firstIndex(of: "experts"), place + 1 < parts.count,
        let expert = Int(parts[place + 1])
      else {
        members.append(Member(layer: layer, spec: spec, suffix: rest, expert: nil))
        continue
      }
      var general = parts
      general[place + 1] = "{}"
      members.append(
        Member(layer: layer, spec: spec, suffix: general.joined(separator: "."), expert: expert))
    }
    layers = Set(members.map(\.layer)).sorted()
  }
}

extension ConfigurationCheck {
  /// Compares a stack of layers with its keys, and its layers with each other.
  mutating func check(
    _ layers: Architecture.Layers, under prefix: String, hasShapes: Bool
  ) {
    guard let countKey = layers.countKey, let pattern = NamePattern("\(prefix)\(layers.pattern)*") else {
      return
    }
    let stack = LayerStack(index.specs, pattern)
    checkLists(layers.lists, count: countKey, in: layers.object)
    guard let count = number(countKey, in: layers.object) else { return }
    let title = TensorName(prefix + layers.pattern).quoted
    guard let last = stack.layers.last else {
      // Classes for one kind of input leave the other stack out.
      if count > 0 {
        unexamined.append(
          "no tensor is named \(title): layers of this stack are not compared with \(countKey)")
      }
      return
    }
    let extra = layers.extraTensor.map { end in
      Set(stack.members.filter { $0.suffix == end && $0.layer >= count }.map(\.layer))
    }
    // The number of further layers is not compared: a file may lack them, and loaders ignore them.
    let own = stack.layers.filter { !(extra ?? []).contains($0) }
    if own.count == count, let last = own.last, last >= count {
      report(
        .tensor(TensorName(prefix + layers.pattern.replacing("{}", with: "\(last)"))),
        "numbers of layers below \(count), which is \(countKey)", "\(last)")
    } else if own.count < count || own.last ?? 0 >= count {
      let path = Self.path(countKey, in: layers.object)
      report(.key(path), "\(own.count), the number of layers \(title)", words("\(count)", of: path))
    }
    let present = Set(stack.layers)
    for layer in (0...min(last, index.specs.count)).filter({ !present.contains($0) }).prefix(Self.limit) {
      report(
        .tensor(TensorName(prefix + layers.pattern.replacing("{}", with: "\(layer)"))),
        "tensors of this layer", "none")
    }
    let members = stack.members.filter { $0.layer < count }
    let missing = checkKinds(members, layers, under: prefix)
    checkSameNames(members.filter { !missing.contains($0.suffix) }, layers, under: prefix)
    checkFlags(members, layers, under: prefix)
    if let sparse = layers.sparse { check(sparse, members, of: layers, under: prefix) }
    if hasShapes { checkSameShapes(members) }
  }

  /// The most sets of names that the layers of a model have.
  static let nameSetLimit = 64

  /// Buffers that loaders compute, and that older files have in some layers.
  private static let buffers = ["inv_freq", "masked_bias", "attn.bias", "attention.bias", "position_ids"]

  /// Reports tensors that a layer lacks and another layer of its kind has. A layer is of the same kind if it has all
  /// tensors of this one.
  private mutating func checkSameNames(
    _ members: [LayerStack.Member], _ layers: Architecture.Layers, under prefix: String
  ) {
    var names: [Int: Set<String>] = [:]
    var experts: [Int: [String: Set<Int>]] = [:]
    for member in members {
      if Self.buffers.contains(where: member.suffix.hasSuffix) { continue }
      if !layers.optional.contains(member.suffix) { names[member.layer, default: []].insert(member.suffix) }
      if let expert = member.expert {
        experts[member.layer, default: [:]][member.suffix, default: []].insert(expert)
      }
    }
    func name(_ layer: Int, _ suffix: String, _ expert: Int? = nil) -> TensorName {
      let rest = expert.map { suffix.replacing("experts.{}", with: "experts.\($0)") } ?? suffix
      return TensorName(prefix + layers.pattern.replacing("{}", with: "\(layer)") + rest)
    }
    let kinds = Set(names.values)
    if kinds.count > Self.nameSetLimit {
      unexamined.append("the layers have \(kinds.count) sets of names: they are not compared with each other")
      return
    }
    var left = Self.limit
    for layer in names.keys.sorted() {
      guard let own = names[layer],
        let other = kinds.filter({ own.isStrictSubset(of: $0) }).min(by: { $0.count < $1.count })
      else { continue }
      let model = names.filter { $0.value == other }.keys.min() ?? 0
      for suffix in other.subtracting(own).sorted() where left > 0 {
        left -= 1
        report(.tensor(name(layer, suffix)), "this tensor, because layer \(model) has it", "none")
      }
    }
    for layer in experts.keys.sorted() {
      let all = (experts[layer] ?? [:]).values.reduce(into: Set<Int>()) { $0.formUnion($1) }
      for (suffix, own) in (experts[layer] ?? [:]).sorted(by: { $0.key < $1.key }) {
        for expert in all.subtracting(own).sorted() where left > 0 {
          left -= 1
          report(.tensor(name(layer, suffix, expert)), "this tensor, because other experts have it", "none")
        }
      }
    }
  }

  /// Reports tensors whose shape is not that of the same tensor in most other layers and experts.
  private mutating func checkSameShapes(_ members: [LayerStack.Member]) {
    let suffixes = Dictionary(grouping: members, by: \.suffix)
    var left = Self.limit
    for suffix in suffixes.keys.sorted() {
      guard let same = suffixes[suffix], let first = same.first else { continue }
      let shapes = Dictionary(grouping: same, by: \.spec.shape)
      guard shapes.count > 1 else { continue }
      let most = shapes.values.map(\.count).max() ?? 0
      let usual = same.first { shapes[$0.spec.shape]?.count == most } ?? first
      for member in same where member.spec.shape != usual.spec.shape && left > 0 {
        left -= 1
        report(
          .tensor(member.spec.name), "\(usual.spec.shape), the shape of \(usual.spec.name.quoted)",
          "\(member.spec.shape)")
      }
    }
  }
}
