internal import Tensors

/// Half cuts that one option would mend.
struct HalfCutGroup {
  struct Key: Hashable {
    let pattern: String
    let before: [DimensionPlacement]
    let after: [DimensionPlacement]
  }

  struct Member {
    /// The tensor's name, or the pattern of its norm.
    let name: String
    let tensor: Int
    /// How the dimensions that are left whole would be cut, and why; one at least.
    let cuts: [(dimension: Int, candidate: HalfCutSearch.Candidate)]

    /// The tensor's dimensions with these cuts.
    func completing(_ dimensions: [DimensionPlacement]) -> [DimensionPlacement] {
      var result = dimensions
      for (dimension, candidate) in cuts { result[dimension] = candidate.placement }
      return result
    }
  }

  let key: Key
  /// How the tensor of the first member lies on the axes.
  let dimensions: [DimensionPlacement]
  var members: [Member]

  init(_ member: Member, dimensions: [DimensionPlacement]) {
    let (pattern, number) = Self.numberless(member.name)
    key = Key(
      pattern: pattern, before: dimensions.map { Self.numberless($0, number) },
      after: member.completing(dimensions).map { Self.numberless($0, number) })
    self.dimensions = dimensions
    members = [member]
  }

  /// A name with the one component that is a number as `{}`, and that number; unchanged where there are several.
  static func numberless(_ name: String) -> (text: String, number: Substring?) {
    let components = name.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "/" })
    let numbers = components.filter { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    guard numbers.count == 1, let number = numbers.first else { return (name, nil) }
    return (name[..<number.startIndex] + "{}" + name[number.endIndex...], number)
  }

  /// A placement with `{}` where its axis ends with the number.
  private static func numberless(
    _ placement: DimensionPlacement, _ number: Substring?
  ) -> DimensionPlacement {
    guard let number, case .axis(let use) = placement, use.axis.text.hasSuffix(number),
      use.axis.text.dropLast(number.count).last?.isNumber != true
    else { return placement }
    return .axis(
      AxisUse(AxisName(use.axis.text.dropLast(number.count) + "{}"), inner: use.inner, outer: use.outer))
  }

  /// One warning for all where their pattern means nothing else; else one for each name.
  func halfCuts(in partition: Partition, _ counts: [String: Int]) -> [HalfCut] {
    let names = Set(members.map(\.name))
    if names.count > 1, counts[key.pattern] == names.count {
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
      kind: .leftWhole(isPartlyCut: dimensions.contains { $0 != .whole }))
  }
}
