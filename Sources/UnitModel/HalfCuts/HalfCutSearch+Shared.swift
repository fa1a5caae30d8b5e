internal import Tensors

/// The rules for modules that share channels: readers of one layer, outputs that are combined, a norm inside a chain,
/// and low-rank factors of a weight.
extension HalfCutSearch {
  mutating func checkShared() {
    let readWhole = Set(modules.flatMap(\.inputs).filter(isWhole).map(extent))
    let unclear = self.unclear
    for (number, module) in modules.enumerated()
    where !module.isAnonymous && !squeezed.contains(number) && !module.isShortcut {
      checkStarved(number, unclear)
      checkTwin(number, readWhole, unclear)
      checkFactor(number)
    }
    checkBetween()
  }

  /// Checks an input that is left whole. It is a half cut in this case: every module with the same number of outputs is
  /// cut on one axis, and a module in a similar parent reads that axis.
  private mutating func checkStarved(_ number: Int, _ unclear: Set<AxisName>) {
    let module = modules[number]
    // Modules without a parent do not have enough in common for this rule.
    guard !isChannelwise(module), module.weights.count == 1, !module.parent.isEmpty else { return }
    for input in module.inputs where isWhole(input) && !isHidden(input) {
      guard let placements = outputs[extent(input)], placements.count == 1,
        let (placement, site) = placements.first, let axis = placement.axes.first, placement.axes.count == 1,
        !unclear.contains(axis),
        let first = makers[axis]?.min(), first < number, makers[axis]?.contains(number) == false,
        let match = candidates(site).first, match.extent == extent(input)
      else { continue }
      let pattern = Self.pattern(module.parent)
      let isBeside = (readers[axis] ?? []).contains {
        $0 != number && Self.pattern(modules[$0].parent) == pattern
      }
      if isBeside { take(input, match, number) }
    }
  }

  /// Checks a module that is left whole next to a cut module with the same shape and parent. If no module reads this
  /// number of channels whole, only the reader of the cut axis can use them, so the two outputs are combined.
  private mutating func checkTwin(_ number: Int, _ readWhole: Set<Int>, _ unclear: Set<AxisName>) {
    let module = modules[number]
    guard module.weights.count == 1, let output = module.outputs.first, let input = module.inputs.first,
      isWhole(output), extent(output) != extent(input), !isChannelwise(module)
    else { return }
    let (extent, shape) = (extent(output), partition.tensors[output.tensor].spec.shape)
    // After a flatten, each channel of a convolution occurs several times.
    let isRead = shape.count > 2 ? readWhole.contains { $0 % extent == 0 } : readWhole.contains(extent)
    if isRead { return }
    let reach = 8
    for other in max(0, number - reach)..<min(modules.count, number + reach + 1)
    where other != number && modules[other].parent == module.parent && modules[other].weights.count == 1 {
      guard let twin = modules[other].outputs.first, twin.dimension == output.dimension,
        partition.tensors[twin.tensor].spec.shape == shape, let match = candidates(twin).first,
        axes(of: twin).contains(where: { !(readers[$0] ?? []).isEmpty && !unclear.contains($0) })
      else { continue }
      take(output, match, number)
      for vector in module.vectors.map({ TensorSite(tensor: $0, dimension: 0) })
      where isWhole(vector) && self.extent(vector) == extent { take(vector, match, number) }
      return
    }
  }

  /// Low-rank factors inside the module that they change, such as `lora_A` and `lora_B`.
  private mutating func checkFactor(_ number: Int) {
    let module = modules[number]
    guard module.weights.count == 1, let base = base(of: number),
      let (output, input) = pair(modules[base]), let (ownOutput, ownInput) = pair(module)
    else { return }
    // The rank is smaller than both extents of the weight. Other nested modules, such as an output projection, have the
    // width of the weight.
    let limit = min(extent(output), extent(input))
    for (own, other, rank) in [(ownOutput, output, ownInput), (ownInput, input, ownOutput)]
    where extent(own) == extent(other) && extent(rank) < limit {
      if isWhole(own), let match = candidates(other).first { take(own, match, number) }
      if isWhole(other), let match = candidates(own).first { take(other, match, base) }
    }
  }

  private func pair(_ module: ModuleEntry) -> (output: TensorSite, input: TensorSite)? {
    guard let output = module.outputs.first, let input = module.inputs.first else { return nil }
    return (output, input)
  }

  /// The enclosing module, or its `base_layer`, if it has a weight of its own.
  private func base(of number: Int) -> Int? {
    var name = modules[number].name[...]
    for _ in 0..<2 {
      guard let end = name.lastIndex(of: ".") else { return nil }
      name = name[..<end]
      for candidate in [String(name), name + ".base_layer"] {
        if let base = places[candidate], base != number, modules[base].weights.count == 1 { return base }
      }
    }
    return nil
  }

  /// A norm between a module and its reader, by order of definition or by number.
  private mutating func checkBetween() {
    let weighted = modules.indices.filter { !modules[$0].weights.isEmpty && !modules[$0].isAnonymous }
    for (before, behind) in zip(weighted, weighted.dropFirst()) {
      let parent = modules[before].parent
      guard parent == modules[behind].parent, let output = modules[before].outputs.first, cut(output) != nil,
        let input = modules[behind].inputs.first, !Set(axes(of: output)).isDisjoint(with: axes(of: input)),
        let match = candidates(output).first
      else { continue }
      // In a sorted file, the norm with the same number may come before the module.
      let reach = 8
      let near =
        isSorted
        ? max(0, before - reach)..<min(modules.count, before + reach)
        : (before + 1)..<max(before + 1, behind)
      for number in near where modules[number].parent == parent && modules[number].hasFactors {
        guard modules[number].weights.isEmpty else { continue }
        let place = modules[number].number
        guard !isSorted || place != nil && place == modules[before].number else { continue }
        for vector in modules[number].vectors.map({ TensorSite(tensor: $0, dimension: 0) })
        where isWhole(vector) && extent(vector) == match.extent { take(vector, match, number) }
      }
    }
  }

  /// A name without its digits.
  private static func pattern(_ name: Substring) -> String {
    String(name.filter { !$0.isASCII || !$0.isNumber })
  }
}
