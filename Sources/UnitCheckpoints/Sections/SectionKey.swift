package import Tensors

/// Identifies a section by the units that its blocks need together, by their users, and by their dtype.
package struct SectionKey: Hashable, Sendable, Comparable {
  package let kind: Kind
  /// The row of the tensor, if the section is the dataset of a whole tensor.
  package let tensor: Int?
  /// A row of `scopes`; nil if every network has the blocks.
  package let scope: Int?
  /// The units, ascending.
  package let units: [Int]
  package let dtype: DType

  /// The group that contains a section; the raw value is stored in the index.
  package enum Kind: UInt32, Sendable {
    /// `/tensors`.
    case whole = 0
    /// `/common`.
    case common = 1
    /// `/intra` or `/inter`.
    case units = 2
    /// `/free`.
    case free = 3
  }

  /// The path from the root.
  func path(in index: CheckpointIndex) -> String { steps(in: index).joined(separator: "/") }

  /// The names of the links from the root.
  func steps(in index: CheckpointIndex) -> [String] {
    steps { LinkName.escaped(index.tensors[$0].spec.name) }
  }

  /// The same, with `link` as the link of a whole tensor.
  ///
  /// The steps are not found by splitting a path: for Swift, `/` and a combining mark after it are one character.
  func steps(link: (Int) -> String) -> [String] {
    if let tensor { return [Layout.wholeGroup, link(tensor)] }
    let group =
      switch kind {
      case .free: [Layout.freeGroup]
      case .units where units.count == 1: [Layout.intraGroup, String(units[0])]
      case .units: [Layout.interGroup, units.map(String.init).joined(separator: "-")]
      default: [Layout.commonGroup]
      }
    return (scope.map { [Layout.privateGroup, String($0)] } ?? []) + group + [dtype.rawValue]
  }

  /// The order in which this writer writes sections: first the sections that every network has, then those that each
  /// unit adds.
  package static func < (a: Self, b: Self) -> Bool {
    if (a.kind == .whole) != (b.kind == .whole) { return a.kind == .whole }
    if a.kind == .whole { return (a.tensor ?? 0) < (b.tensor ?? 0) }
    if (a.scope ?? -1) != (b.scope ?? -1) { return (a.scope ?? -1) < (b.scope ?? -1) }
    if a.kind != b.kind, a.kind == .free || b.kind == .free { return b.kind == .free }
    let (last, other) = (a.units.last ?? -1, b.units.last ?? -1)
    if last != other { return last < other }
    if a.units != b.units { return a.units.lexicographicallyPrecedes(b.units) }
    return a.dtype.rawValue < b.dtype.rawValue
  }
}
