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
    let others = placements.keys.filter { $0 != .whole && $0 != .axis(use) }
    var part = ConcatPart.uncut(size: rest)
    if others.count == 1, case .axis(let other)? = others.first { part = .axis(other) }
    singles.append(SingleHalfCut(input, output, .joined(.concat([.axis(use), part]))))
    return true
  }

  /// A convolution after another one, which reads as many more channels as cut outputs have: nothing else in the file has
  /// as many as it reads.
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
