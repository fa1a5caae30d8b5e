internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Units are disjoint and complete: the parts of a cut cover its dimension, and every element of a tensor lies in
/// exactly one stored block, in the order of the layout.
///
/// Opening has checked that the blocks are as many bytes as the tensor, each in its unit's dataset. With that, blocks
/// that differ and are as many as the combinations of parts cover every element once.
enum UnitsRule: ValidationRule {
  static let summary =
    "Units are disjoint and complete: every element lies in one block, in the layout's order."
  static let isOfIndex = true
  static let advice = "Convert the flat weights again with the plan."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    let index = checkpoint.index
    var axes: [AxisName: Int] = [:]
    for (place, axis) in (subject.placement.partition?.axes ?? []).enumerated() { axes[axis.name] = place }
    var findings: [Finding] = []
    for (number, cut) in index.cuts.enumerated() {
      for problem in problems(of: cut, axes: axes) {
        findings.append(subject.finding(.units, at: "/tessera/cuts row \(number)", problem))
      }
    }
    for tensor in index.tensors where tensor.tiedTo == nil {
      for problem in problems(of: tensor, index, unitCount: subject.placement.partition?.unitCount) {
        findings.append(subject.finding(.units, at: place(of: tensor.spec), problem))
      }
    }
    return findings
  }

  private static func problems(of cut: IndexedCut, axes: [AxisName: Int]) -> [String] {
    var problems: [String] = []
    if let part = cut.partSizes.firstIndex(of: 0) {
      problems.append("expected positions for every part, found none for part \(part)")
    }
    for (first, second) in zip(cut.parts, cut.parts.dropFirst()) {
      let keys = [first, second].map { part in
        switch part {
        case .common: (-1, 0)
        case .unit(let unit, let axis): (unit.index, axes[axis] ?? 0)
        }
      }
      if first == second {
        problems.append("expected every part once, found \(words(first)) twice")
      } else if keys[0] > keys[1] {
        problems.append(
          "expected parts by unit and axis, found \(words(second)) after \(words(first))")
      }
    }
    if zip(cut.segments, cut.segments.dropFirst()).contains(where: { $0.part == $1.part }) {
      problems.append("expected neighbouring segments of different parts, found two of one part")
    }
    return problems
  }

  private static func words(_ part: DimensionPart) -> String {
    switch part {
    case .common: "the common part"
    case .unit(let unit, let axis): "unit \(unit) of axis \(axis.quoted)"
    }
  }

  private static func problems(
    of tensor: IndexedTensor, _ index: CheckpointIndex, unitCount: Int?
  ) -> [String] {
    let cuts = index.cuts(of: tensor).map(\.cut)
    let blocks = tensor.datasets.flatMap { index.datasets[$0].blocks.map { index.blocks[$0] } }
    let isWhole = tensor.datasets.contains { index.datasets[$0].owner.isWhole }
    if tensor.ownerMap != nil {
      // Their numbers of elements have been found to add up.
      let owners = tensor.datasets.compactMap { index.datasets[$0].owner.ownerNumber }
      var problems: [String] = []
      if !zip(owners, owners.dropFirst()).allSatisfy({ $0 < $1 }) {
        problems.append("expected its owners ascending, found \(owners)")
      }
      if let unitCount, let owner = owners.last, owner > unitCount {
        problems.append("expected units below \(unitCount), found \(owner - 1)")
      }
      return problems
    }
    if isWhole || cuts.isEmpty || tensor.spec.elementCount == 0 {
      let units = blocks.flatMap { index.coordinates[$0.coordinates] }
      var problems: [String] = []
      if !zip(units, units.dropFirst()).allSatisfy({ $0 < $1 }) {
        problems.append("expected its units ascending, found \(units)")
      }
      if let unitCount, let unit = units.first(where: { $0 >= unitCount }) {
        problems.append("expected units below \(unitCount), found \(unit)")
      }
      let expected = tensor.spec.elementCount > 0 ? 1 : 0
      if blocks.count != expected { problems.append("expected \(expected) block, found \(blocks.count)") }
      return problems
    }
    let keys = blocks.map { block in
      let parts = Array(index.coordinates[block.coordinates])
      return zip(cuts, parts).map { $0.parts[$1].unit?.index ?? -1 } + parts
    }
    if zip(keys, keys.dropFirst()).allSatisfy({ $0.lexicographicallyPrecedes($1) }) {
      let count = cuts.reduce(1) { $0 * $1.parts.count }
      return keys.count == count ? [] : ["expected \(count) blocks, found \(keys.count)"]
    }
    return [
      Set(keys).count == keys.count
        ? "expected its blocks by unit and part, found them in another order"
        : "expected each of its blocks once, found one twice"
    ]
  }
}
