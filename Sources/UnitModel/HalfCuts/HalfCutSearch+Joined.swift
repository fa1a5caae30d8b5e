internal import Tensors

/// The rule of skip connections that are joined to a stream: their reader has as many inputs as both.
extension HalfCutSearch {
  /// Channels that nothing reads, and the next module, which has more inputs by as many as some module has outputs.
  ///
  /// Whether there is one. Only the order of definition tells which module is next.
  mutating func checkJoined(_ number: Int, _ output: TensorSite) -> Bool {
    guard case .axis(let use)? = cut(output), let next = partners(of: number).last, next > number,
      let input = modules[next].inputs.first, isWhole(input), extent(input) > extent(output)
    else { return false }
    let rest = extent(input) - extent(output)
    guard let placements = outputs[rest] else { return false }
    let others = placements.subtracting([.whole, .axis(use)])
    var part = ConcatPart.uncut(size: rest)
    if others.count == 1, case .axis(let other)? = others.first { part = .axis(other) }
    singles.append(SingleHalfCut(input, output, .joined(.concat([.axis(use), part]))))
    return true
  }
}
