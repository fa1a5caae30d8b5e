internal import Tensors

/// Pairs whose parent has other modules, too (a network without blocks). Shapes do not tell them from the end of one
/// inverted bottleneck and the beginning of the next; the axes do, as a gate writes the channels that it reads.
extension HalfCutSearch {
  /// The pairs that are not known by names, or by a parent to themselves.
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

  /// How the modules of a block make and read one number of channels; those that only scale or filter them do neither.
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

  /// Whether a pair writes the axis that it reads, in a block where others make and read as many channels. An end that
  /// is whole belongs to the axis, too, where all the others lie on it.
  private func isGate(_ pair: SqueezePair, _ uses: ChannelUses) -> Bool {
    let ends = modules[pair.reduce].inputs + modules[pair.expand].outputs
    let known = Set(ends.flatMap { axes(of: $0) })
    let whole = ends.filter(isWhole).count
    guard known.count == 1, uses.made > 1, uses.read > 1 else { return false }
    return whole == 0 || uses.axes == known && uses.whole == whole
  }

  /// Modules and their successors: by the file's order, in a sorted file by the numbers of equal words.
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

  /// The words of a sorted file, which are in no order: the two modules of which one alone makes what the other alone
  /// reads, the one that makes fewer channels first. Where two such pairs have as many channels, neither is known.
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
