internal import Tensors

/// The rules of modules that share their channels: those that read one stream, those whose outputs meet, a norm inside a
/// chain, and factors that are added to a weight.
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

  /// Channels that are read whole, though everything in the file that makes so many has them cut, and though another
  /// module of such a parent reads them cut.
  private mutating func checkStarved(_ number: Int, _ unclear: Set<AxisName>) {
    let module = modules[number]
    // Of what lies in no part of the network names do not say that it is used alike.
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

  /// A module of the shape of another one in the same parent, which is cut, where so many channels are read cut alone: no
  /// other module can take what this one makes, so the two meet.
  private mutating func checkTwin(_ number: Int, _ readWhole: Set<Int>, _ unclear: Set<AxisName>) {
    let module = modules[number]
    guard module.weights.count == 1, let output = module.outputs.first, let input = module.inputs.first,
      isWhole(output), extent(output) != extent(input), !isChannelwise(module)
    else { return }
    let (extent, shape) = (extent(output), partition.tensors[output.tensor].spec.shape)
    // A flatten takes each channel of a convolution several times.
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

  /// Factors whose product is added to a weight, as adapters of low rank have them inside the module that they adapt.
  private mutating func checkFactor(_ number: Int) {
    let module = modules[number]
    guard module.weights.count == 1, let base = base(of: number),
      let (output, input) = pair(modules[base]), let (ownOutput, ownInput) = pair(module)
    else { return }
    // The rank is below both extents of the weight; other modules inside a module, such as a projection of its outputs,
    // are as wide as it is.
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

  /// The module with a weight of its own that another one is inside of.
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

  /// A norm between a module and the one that reads it, in the order of definition or by their numbers.
  private mutating func checkBetween() {
    let weighted = modules.indices.filter { !modules[$0].weights.isEmpty && !modules[$0].isAnonymous }
    for (before, behind) in zip(weighted, weighted.dropFirst()) {
      let parent = modules[before].parent
      guard parent == modules[behind].parent, let output = modules[before].outputs.first, cut(output) != nil,
        let input = modules[behind].inputs.first, !Set(axes(of: output)).isDisjoint(with: axes(of: input)),
        let match = candidates(output).first
      else { continue }
      // In a sorted file the norm of the same number may stand before the module.
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

  /// A name with its numbers left out.
  private static func pattern(_ name: Substring) -> String {
    String(name.filter { !$0.isASCII || !$0.isNumber })
  }
}
