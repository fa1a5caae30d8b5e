internal import Tensors

/// Two modules that weight channels by their means (squeeze and excitation): one reads the channels, the other writes as
/// many.
struct SqueezePair {
  /// The module with weights [r, C].
  let reduce: Int
  /// The module with weights [C, r].
  let expand: Int
  /// C, the number of channels.
  let channels: Int
  /// The beginning of the names of the block that the pair is in.
  let block: Substring

  /// The pairs by names (`se.fc1` and `se.fc2`, `squeeze_excite.reduce` and `.expand`, `_se_reduce`) and shapes.
  static func pairs(in modules: [ModuleEntry], _ tensors: [TensorPlacement]) -> [SqueezePair] {
    var families: [Substring: [Int]] = [:]
    var order: [Substring] = []
    for (number, module) in modules.enumerated() where module.weights.count == 1 {
      guard let block = block(of: module, tensors) else { continue }
      if families[block] == nil { order.append(block) }
      families[block, default: []].append(number)
    }
    return order.compactMap { block in
      guard let members = families[block], members.count == 2 else { return nil }
      return pair(members[0], members[1], modules, tensors, block)
        ?? pair(members[1], members[0], modules, tensors, block)
    }
  }

  private static func pair(
    _ reduce: Int, _ expand: Int, _ modules: [ModuleEntry], _ tensors: [TensorPlacement], _ block: Substring
  ) -> SqueezePair? {
    func shape(_ number: Int) -> (out: Int, input: Int)? {
      guard let output = modules[number].outputs.first, let input = modules[number].inputs.first else {
        return nil
      }
      let extents = tensors[output.tensor].spec.shape
      guard extents.count == 2 || extents.dropFirst(2).allSatisfy({ $0 == 1 }) else { return nil }
      return (extents[output.dimension], extents[input.dimension])
    }
    guard let first = shape(reduce), let second = shape(expand), first.input == second.out,
      first.out == second.input, first.out < first.input
    else { return nil }
    return SqueezePair(reduce: reduce, expand: expand, channels: first.input, block: block)
  }

  /// What stands before the component that names a squeeze; nil for other modules.
  private static func block(of module: ModuleEntry, _ tensors: [TensorPlacement]) -> Substring? {
    var start = module.name.startIndex
    for component in module.name.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "/" })
    {
      let word = component.lowercased().drop { $0 == "_" }
      if word == "se" || word.hasPrefix("se_") || word.has("squeeze") || word.has("excit") {
        return module.name[..<component.startIndex]
      }
      start = component.startIndex
    }
    // torchvision numbers the module; its linear layers are convolutions.
    guard let weight = module.weights.first, tensors[weight].spec.shape.count > 2,
      ["fc1", "fc2"].contains(module.leaf)
    else { return nil }
    let parent = module.name[..<start].dropLast()
    return parent.lastIndex { $0 == "." || $0 == "/" }.map { parent[...$0] } ?? ""
  }
}

/// The rules of modules that weight the channels of others.
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

  /// The cut channels that a pair weights: those of the block's depthwise convolution, else of the module before it.
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
    let matches = near.compactMap(match)
    return Set(matches.map(\.placement)).count == 1 ? matches.first : nil
  }
}
