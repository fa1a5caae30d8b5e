internal import Tensors

/// The rule of skip connections that are joined to a stream: their reader has as many inputs as skip connection and
/// stream have channels together.
extension HalfCutSearch {
  /// Whether the next module may read these channels, which no module reads, joined with others. It then has more
  /// inputs, and some module has as many outputs as the difference.
  ///
  /// In a sorted file the next module is a guess, so the other rules are tried first.
  mutating func checkJoined(_ number: Int, _ output: TensorSite) -> Bool {
    guard case .axis(let use)? = cut(output), let next = partners(of: number).last, next > number,
      let input = modules[next].inputs.first, isWhole(input), extent(input) > extent(output)
    else { return false }
    let rest = extent(input) - extent(output)
    guard let placements = outputs[rest] else { return false }
    let others = placements.keys.filter { $0 != .whole && $0 != .axis(use) }
    var part = ConcatPart.uncut(size: rest)
    if others.count == 1, case .axis(let other)? = others.first { part = .axis(other) }
    singles.append(SingleHalfCut(input, output, .joined(.concat([.axis(use), part]))))
    return true
  }

  /// Checks a convolution whose inputs may be the outputs before it, joined with others. No outputs in the file have
  /// the number of its inputs, and some cut outputs have the number of the difference.
  mutating func checkSum(_ number: Int, after before: Int) {
    guard !isSorted || modules[number].parent == modules[before].parent,
      let input = modules[number].inputs.first, let output = modules[before].outputs.first,
      isWhole(input), extent(input) > extent(output), outputs[extent(input)] == nil,
      partition.tensors[input.tensor].spec.shape.count > 2,
      let placements = outputs[extent(input) - extent(output)], placements.count == 1,
      let (placement, cause) = placements.first, case .axis(let use) = placement
    else { return }
    var first = ConcatPart.uncut(size: extent(output))
    if let own = cut(output) {
      guard case .axis(let own) = own else { return }
      first = .axis(own)
    }
    singles.append(SingleHalfCut(input, cause, .joined(.concat([first, .axis(use)]))))
  }
}
