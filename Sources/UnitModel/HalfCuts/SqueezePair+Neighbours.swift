internal import Tensors

/// Pairs in a parent with other modules, as in a network without blocks. By their shapes they look like the end of one
/// inverted bottleneck and the start of the next. The axes decide: a gate writes the channels that it reads.
extension HalfCutSearch {
  /// The pairs that are recognised neither by their names nor by a parent of their own.
  func neighbourPairs() -> [SqueezePair] {
    var members: [Substring: [Int]] = [:]
    var uses: [Substring: [Int: ChannelUses]] = [:]
    for (number, module) in modules.enumerated() where !module.weights.isEmpty && !squeezed.contains(number) {
      if module.isAnonymous || isChannelwise(module) { continue }
      for block in SqueezePair.blocks(around: module.parent) { count(module, in: &uses[block, default: [:]]) }
      if module.weights.count == 1 { members[module.parent, default: []].append(number) }
    }
    return members.keys.sorted().flatMap { parent in
      func gates(_ pairs: [(Int, Int)]) -> [SqueezePair] {
        pairs.compactMap { SqueezePair.pair($0, $1, modules, partition.tensors, parent) }
          .filter { pair in uses[parent]?[pair.channels].map { isGate(pair, $0) } ?? false }
      }
      let family = members[parent] ?? []
      let known = gates(neighbours(in: family))
      return known
        + gates(opposites(in: family)).filter { pair in
          !known.contains { $0.channels == pair.channels }
        }
    }
  }

  /// The modules of a block that write and read one number of channels; norms and depthwise convolutions do not count.
  private struct ChannelUses {
    var axes: Set<AxisName> = []
    var made = 0
    var read = 0
    var whole = 0
  }

  private func count(_ module: ModuleEntry, in uses: inout [Int: ChannelUses]) {
    for site in module.outputs { uses[extent(site), default: ChannelUses()].made += 1 }
    for site in module.inputs { uses[extent(site), default: ChannelUses()].read += 1 }
    for site in module.outputs + module.inputs {
      uses[extent(site)]?.axes.formUnion(axes(of: site))
      if isWhole(site) { uses[extent(site)]?.whole += 1 }
    }
  }

  /// Whether a pair is a gate: it writes the axis that it reads, in a block where other modules write and read the same
  /// number of channels. If one of its two ends is whole, it counts as being on the axis if all other ends are.
  private func isGate(_ pair: SqueezePair, _ uses: ChannelUses) -> Bool {
    let ends = modules[pair.reduce].inputs + modules[pair.expand].outputs
    let known = Set(ends.flatMap { axes(of: $0) })
    let whole = ends.filter(isWhole).count
    guard known.count == 1, uses.made > 1, uses.read > 1 else { return false }
    // In a chain that ends in a bottleneck, as many channels are made once more than they are read.
    return whole == 0 || uses.axes == known && uses.whole == whole && uses.read >= uses.made
  }

  /// Pairs of successive modules, in the order of the file; if the file is sorted, by the numbers after equal words.
  private func neighbours(in family: [Int]) -> [(Int, Int)] {
    if !isSorted { return Array(zip(family, family.dropFirst())) }
    var words: [Substring: [(number: Int, module: Int)]] = [:]
    for module in family {
      guard let number = modules[module].number else { continue }
      words[modules[module].leaf.prefix { !$0.isNumber }, default: []].append((number, module))
    }
    return words.keys.sorted().flatMap { word in
      let numbered = (words[word] ?? []).sorted { ($0.number, $0.module) < ($1.number, $1.module) }
      return zip(numbered, numbered.dropFirst()).map { ($0.module, $1.module) }
    }
  }

  /// Pairs of modules with opposite shapes in a sorted file, where the order of words proves nothing. Each module is
  /// the only one with its shape, and the one with fewer outputs comes first. If two such pairs have the same number of
  /// channels, both are left out.
  private func opposites(in family: [Int]) -> [(Int, Int)] {
    guard isSorted else { return [] }
    var byShape: [[Int]: [Int]] = [:]
    for number in family where modules[number].number == nil {
      if let output = modules[number].outputs.first, let input = modules[number].inputs.first {
        byShape[[extent(output), extent(input)], default: []].append(number)
      }
    }
    let shapes = byShape.keys.filter { $0[0] < $0[1] && byShape[$0.reversed()] != nil }
    return Dictionary(grouping: shapes) { $0[1] }.values.filter { $0.count == 1 }
      .sorted { $0[0].lexicographicallyPrecedes($1[0]) }.compactMap { shapes in
        guard let first = byShape[shapes[0]], let second = byShape[shapes[0].reversed()], first.count == 1,
          second.count == 1
        else { return nil }
        return (first[0], second[0])
      }
  }
}
