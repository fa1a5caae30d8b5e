internal import Tensors

/// Two modules that scale channels by their means (squeeze and excitation): one reads the channels, the other writes
/// the same number of channels.
struct SqueezePair {
  /// The module with weights [r, C].
  let reduce: Int
  /// The module with weights [C, r].
  let expand: Int
  /// C, the number of channels.
  let channels: Int
  /// The beginning of the names in the pair's block.
  let block: Substring

  /// The pairs found by names (`se.fc1` and `se.fc2`, `squeeze_excite.reduce` and `.expand`, `_se_reduce`) and shapes.
  /// Also the pairs that are alone in their parent (`attention.fc.0`, `attention.fc.2`), if a convolution of the block
  /// has the same number of channels.
  static func pairs(in modules: [ModuleEntry], _ tensors: [TensorPlacement], isSorted: Bool) -> [SqueezePair]
  {
    var named = Families()
    var others = Families()
    for (number, module) in modules.enumerated() where !module.weights.isEmpty {
      if module.weights.count == 1, let (block, digits) = block(of: module, tensors) {
        named.add(number, to: block, digits)
      } else if !module.isAnonymous {
        others.add(number, to: module.parent)
      }
    }
    let pairs = named.pairs.compactMap { block, first, second in
      pair(first, second, modules, tensors, block) ?? pair(second, first, modules, tensors, block)
    }
    let gates = others.pairs.compactMap { parent, first, second in
      // In a sorted file, the order of words proves nothing.
      let isGuess = isSorted && (modules[first].number ?? modules[second].number) == nil
      return pair(first, second, modules, tensors, parent)
        ?? (isGuess ? pair(second, first, modules, tensors, parent) : nil)
    }
    let convolved = ConvolvedChannels(
      modules, tensors, without: Set(gates.flatMap { [$0.reduce, $0.expand] }))
    return pairs
      + gates.compactMap { gate in
        convolved.block(around: gate.block, channels: gate.channels).map { block in
          SqueezePair(reduce: gate.reduce, expand: gate.expand, channels: gate.channels, block: block)
        }
      }
  }

  /// Modules grouped by a common name, in the order of the file.
  private struct Families {
    private var members: [Substring: [(number: Int, digits: Substring)]] = [:]
    private var order: [Substring] = []

    /// - Parameter digits: tell the groups of one name apart (`squeeze1` and `excite1`, `squeeze2` and `excite2`).
    mutating func add(_ number: Int, to name: Substring, _ digits: Substring = "") {
      if members[name] == nil { order.append(name) }
      members[name, default: []].append((number, digits))
    }

    /// The names with two modules, and the digits with two modules of a name that has more.
    var pairs: [(name: Substring, first: Int, second: Int)] {
      order.flatMap { name in
        let all = members[name] ?? []
        let groups =
          all.count == 2
          ? [all] : Dictionary(grouping: all) { $0.digits }.filter { $0.key != "" }.values.map { $0 }
        return groups.filter { $0.count == 2 }.map { (name, $0[0].number, $0[1].number) }.sorted {
          $0.1 < $1.1
        }
      }
    }
  }

  /// The pair of two modules with the shapes [r, C] and [C, r], where r is smaller than C; nil for other modules.
  static func pair(
    _ reduce: Int, _ expand: Int, _ modules: [ModuleEntry], _ tensors: [TensorPlacement], _ block: Substring
  ) -> SqueezePair? {
    func shape(_ number: Int) -> (out: Int, input: Int)? {
      guard let output = modules[number].outputs.first, let input = modules[number].inputs.first else {
        return nil
      }
      let extents = tensors[output.tensor].spec.shape
      let positions = extents.indices.filter { $0 != output.dimension && $0 != input.dimension }
      guard modules[number].weights.count == 1, positions.allSatisfy({ extents[$0] == 1 }) else { return nil }
      return (extents[output.dimension], extents[input.dimension])
    }
    guard let first = shape(reduce), let second = shape(expand), first.input == second.out,
      first.out == second.input, first.out < first.input
    else { return nil }
    return SqueezePair(reduce: reduce, expand: expand, channels: first.input, block: block)
  }

  /// A parent and up to two enclosing parts of the network. A gate scales the channels of one of these blocks.
  static func blocks(around parent: Substring) -> [Substring] {
    let depth = 2
    var blocks = [parent]
    while let name = blocks.last, !name.isEmpty, blocks.count <= depth {
      let end = name.dropLast().lastIndex { $0 == "." || $0 == "/" }
      blocks.append(end.map { name[...$0] } ?? name.prefix(0))
    }
    return blocks
  }

  /// The name up to the component that names a squeeze, and the first digits of that component; nil for other modules.
  private static func block(
    of module: ModuleEntry, _ tensors: [TensorPlacement]
  ) -> (name: Substring, digits: Substring)? {
    var start = module.name.startIndex
    for component in module.name.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "/" })
    {
      let word = component.lowercased().drop { $0 == "_" }
      let isAbbreviated =
        word.hasPrefix("se") && ["", "_"].contains(word.dropFirst(2).drop(while: \.isNumber).prefix(1))
      if isAbbreviated || word.has("squeeze") || word.has("excit") {
        // Of `se1_fc2` the digits after `se`; `se_fc2` has none.
        let digits = isAbbreviated ? word.dropFirst(2) : word.drop { !$0.isNumber }
        return (module.name[..<component.startIndex], digits.prefix(while: \.isNumber))
      }
      // Keras: block1a_se_reduce.
      if let range = component.firstRange(of: "_se_") { return (module.name[..<range.upperBound], "") }
      start = component.startIndex
    }
    // In torchvision, a module's name is a number, and its linear layers are convolutions.
    guard let weight = module.weights.first, tensors[weight].spec.shape.count > 2,
      ["fc1", "fc2"].contains(module.leaf)
    else { return nil }
    let parent = module.name[..<start].dropLast()
    return (parent.lastIndex { $0 == "." || $0 == "/" }.map { parent[...$0] } ?? "", "")
  }
}

/// The numbers of output channels of the convolutions in each part of a network.
private struct ConvolvedChannels {
  private var channels: [Substring: Set<Int>] = [:]

  init(_ modules: [ModuleEntry], _ tensors: [TensorPlacement], without gates: Set<Int>) {
    for (number, module) in modules.enumerated() where !gates.contains(number) {
      for output in module.outputs where tensors[output.tensor].spec.shape.count > 2 {
        for block in SqueezePair.blocks(around: module.parent) {
          channels[block, default: []].insert(tensors[output.tensor].spec.shape[output.dimension])
        }
      }
    }
  }

  /// The nearest part of the network that encloses the parent and has a convolution with this number of output
  /// channels.
  func block(around parent: Substring, channels extent: Int) -> Substring? {
    SqueezePair.blocks(around: parent).dropFirst().first { channels[$0]?.contains(extent) == true }
  }
}

/// The rules for modules that scale the channels of others.
extension HalfCutSearch {
  mutating func checkSqueeze(_ pair: SqueezePair) {
    let (reduce, expand) = (modules[pair.reduce], modules[pair.expand])
    guard let input = reduce.inputs.first, let output = expand.outputs.first,
      let squeezed = reduce.outputs.first,
      let inner = expand.inputs.first
    else { return }
    if isWhole(inner), let match = candidates(squeezed).first(where: { $0.extent == extent(inner) }) {
      take(inner, match, pair.expand)
    }
    let known = [input, output].first { cut($0) != nil }
    guard let match = known.flatMap({ candidates($0).first }) ?? stream(of: pair) else { return }
    if isWhole(input) { take(input, match, pair.reduce) }
    if isWhole(output) { take(output, match, pair.expand) }
  }

  /// The cut channels that a pair scales: those of the block's depthwise convolution or, if it has none, of the module
  /// before it.
  private func stream(of pair: SqueezePair) -> Candidate? {
    let reach = 10
    let first = min(pair.reduce, pair.expand)
    let near = (max(0, first - reach)..<min(modules.count, first + reach)).filter {
      !squeezed.contains($0) && !modules[$0].isShortcut && modules[$0].name.hasPrefix(pair.block)
    }
    func match(_ number: Int) -> Candidate? {
      let vectors = modules[number].vectors.map { TensorSite(tensor: $0, dimension: 0) }
      return (modules[number].outputs + vectors).lazy.compactMap { candidates($0).first }
        .first { $0.extent == pair.channels }
    }
    if let depthwise = near.last(where: { isChannelwise(modules[$0]) && match($0) != nil }) {
      return match(depthwise)
    }
    if !isSorted { return near.last { $0 < first && match($0) != nil }.flatMap(match) }
    let isAmbiguous = near.contains { number in
      modules[number].outputs.contains { isWhole($0) && extent($0) == pair.channels }
    }
    if isAmbiguous { return nil }
    let matches = near.compactMap(match)
    return Set(matches.map(\.placement)).count == 1 ? matches.first : nil
  }
}
