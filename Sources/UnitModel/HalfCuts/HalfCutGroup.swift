internal import Tensors

/// Half cuts that one `--cut` entry would repair.
struct HalfCutGroup {
  struct Key: Hashable {
    let pattern: String
    let before: [DimensionPlacement]
    let after: [DimensionPlacement]
  }

  struct Member {
    /// The tensor's name, or a pattern for the tensors of a norm.
    let name: String
    let tensor: Int
    /// The dimensions that are left whole, each with the cut proposed for it; at least one.
    let cuts: [(dimension: Int, candidate: HalfCutSearch.Candidate)]

    /// The tensor's dimensions, completed by these cuts.
    func completing(_ dimensions: [DimensionPlacement]) -> [DimensionPlacement] {
      var result = dimensions
      for (dimension, candidate) in cuts { result[dimension] = candidate.placement }
      return result
    }
  }

  let key: Key
  var members: [Member]

  init(_ member: Member, dimensions: [DimensionPlacement]) {
    let number = Self.number(in: member.name)
    key = Key(
      pattern: Self.numberless(member.name), before: dimensions.map { Self.numberless($0, number) },
      after: member.completing(dimensions).map { Self.numberless($0, number) })
    members = [member]
  }

  /// The number in a name that `{}` can replace; nil if there is none or more than one.
  ///
  /// It is the only component that is a number (`blocks.0.up`). If there is none, it is the digits at the end of a
  /// component (`block_0.up`), if only one component, not counting the last, ends in digits.
  static func number(in name: String) -> Substring? {
    let components = name.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "/" })
    func digits(_ component: Substring) -> Substring {
      component[
        (component.lastIndex { !($0.isASCII && $0.isNumber) }.map(component.index(after:))
          ?? component.startIndex)...]
    }
    let whole = components.filter { !$0.isEmpty && digits($0) == $0 }
    let numbers = whole.isEmpty ? components.dropLast().map(digits).filter { !$0.isEmpty } : whole
    return numbers.count == 1 ? numbers[0] : nil
  }

  /// A name in which `{}` replaces its number; unchanged if it has none.
  static func numberless(_ name: String) -> String {
    guard let number = number(in: name) else { return name }
    return name[..<number.startIndex] + "{}" + name[number.endIndex...]
  }

  /// A placement in which `{}` replaces the number at the end of its axis's name.
  private static func numberless(
    _ placement: DimensionPlacement, _ number: Substring?
  ) -> DimensionPlacement {
    guard let number, case .axis(let use) = placement, use.axis.text.hasSuffix(number),
      use.axis.text.dropLast(number.count).last?.isNumber != true
    else { return placement }
    return .axis(
      AxisUse(AxisName(use.axis.text.dropLast(number.count) + "{}"), inner: use.inner, outer: use.outer))
  }

  /// If their pattern matches nothing else, one warning for all; otherwise one for each name.
  func halfCuts(in partition: Partition, _ patterns: NumberPatterns) -> [HalfCut] {
    let names = Set(members.map(\.name))
    if names.count > 1, patterns.match(members[0].name, names.count) {
      return [halfCut(members, "\(key.pattern)=\(Self.notation(key.after))", partition)]
    }
    var groups: [String: [Member]] = [:]
    for member in members { groups[member.name, default: []].append(member) }
    return members.compactMap { member in
      guard let group = groups.removeValue(forKey: member.name) else { return nil }
      let after = member.completing(partition.tensors[member.tensor].dimensions)
      return halfCut(group, "\(member.name)=\(Self.notation(after))", partition)
    }
  }

  private static func notation(_ dimensions: [DimensionPlacement]) -> String {
    dimensions.map(\.notation).joined(separator: ",")
  }

  private func halfCut(_ members: [Member], _ option: String, _ partition: Partition) -> HalfCut {
    let cause = members.first?.cuts.first?.candidate.cause ?? TensorSite(tensor: 0, dimension: 0)
    let spec = partition.tensors[cause.tensor].spec
    return HalfCut(
      tensors: members.map { partition.tensors[$0.tensor].spec.name },
      dimensions: members.first?.cuts.map(\.dimension).sorted() ?? [],
      cut: spec.name, cutDimension: cause.dimension, extent: spec.shape[cause.dimension], option: option,
      kind: .leftWhole)
  }
}
