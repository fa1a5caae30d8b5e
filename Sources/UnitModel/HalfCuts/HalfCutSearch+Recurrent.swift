internal import Tensors

/// The rules of recurrent networks: a layer, or the module after the last layer, reads the hidden channels of all
/// directions of the layer before it.
extension HalfCutSearch {
  /// The modules of each layer of each network, the forward direction first. Modules whose names begin alike are one
  /// network.
  static func layers(of modules: [ModuleEntry]) -> [Substring: [Int: [Int]]] {
    var found: [Substring: [Int: [Int]]] = [:]
    for (number, module) in modules.enumerated() {
      guard let place = module.recurrentPlace else { continue }
      let others = found[place.stem]?[place.layer] ?? []
      found[place.stem, default: [:]][place.layer] = place.isReverse ? others + [number] : [number] + others
    }
    return found
  }

  mutating func checkRecurrent(_ layers: [Int: [Int]]) {
    let all = Set(layers.values.joined())
    let order = layers.keys.sorted()
    for layer in order {
      guard let members = layers[layer] else { continue }
      checkDirections(members)
      guard let candidate = joined(members) else { continue }
      if let next = layers[layer + 1] {
        for reader in next { takeInputs(of: reader, candidate) }
        continue
      }
      guard layer == order.last else { continue }
      let isRead = candidate.placement.axes.contains { !(readers[$0] ?? []).isSubset(of: all) }
      guard !isRead, let last = all.max() else { continue }
      for partner in partners(of: last) where !all.contains(partner) && !modules[partner].isShortcut {
        if takeInputs(of: partner, candidate) { break }
      }
    }
  }

  /// Cuts the inputs of all directions of a layer in the same way, because they read the same channels.
  private mutating func checkDirections(_ members: [Int]) {
    let inputs = members.flatMap { number in
      modules[number].inputs.filter { !isHidden($0) }.map { (number, $0) }
    }
    guard let cause = inputs.first(where: { cut($0.1) != nil })?.1, let match = candidates(cause).first else {
      return
    }
    for (number, input) in inputs where isWhole(input) && extent(input) == match.extent {
      take(input, match, number)
    }
  }

  /// Cuts the whole inputs of a module if their number is that of the candidate; returns false if it has none.
  @discardableResult
  private mutating func takeInputs(of number: Int, _ candidate: Candidate) -> Bool {
    let inputs = modules[number].inputs.filter {
      isWhole($0) && !isHidden($0) && extent($0) == candidate.extent
    }
    for input in inputs { take(input, candidate, number) }
    return !inputs.isEmpty
  }

  /// The hidden channels of a layer's directions, concatenated; nil if none is cut.
  private func joined(_ members: [Int]) -> Candidate? {
    let hidden = members.compactMap(hidden)
    guard hidden.count == members.count, let cause = hidden.lazy.compactMap(\.cause).first else { return nil }
    return Candidate(
      placement: DimensionPlacement(joining: hidden.map(\.part)),
      extent: hidden.reduce(0) { $0 &+ $1.extent }, cause: cause)
  }

  /// The placement of a module's hidden channels, from the weights that read them (`weight_hh`).
  private func hidden(_ number: Int) -> (part: ConcatPart, extent: Int, cause: TensorSite?)? {
    guard let input = modules[number].inputs.first(where: isHidden) else { return nil }
    let size = extent(input)
    if let placement = cut(input) {
      guard case .axis(let use) = placement else { return nil }
      return (.axis(use), size, input)
    }
    for output in modules[number].outputs {
      let match = candidates(output).dropFirst().first { $0.extent == size }
      if case .axis(let use)? = match?.placement { return (.axis(use), size, output) }
    }
    return (.uncut(size: size), size, nil)
  }
}

extension DimensionPlacement {
  /// Parts one after another; if all are the same axis, this axis repeated.
  init(joining parts: [ConcatPart]) {
    guard case .axis(let use)? = parts.first else {
      self = .concat(parts)
      return
    }
    let isOne = parts.allSatisfy { $0 == .axis(use) } && (parts.count == 1 || use.outer == 1)
    self =
      isOne ? .axis(AxisUse(use.axis, inner: use.inner, outer: use.outer * parts.count)) : .concat(parts)
  }
}
