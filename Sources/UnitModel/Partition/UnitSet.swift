/// A set of units with a membership test in constant time.
///
/// It is a row of bits, because readers test for hundreds of thousands of blocks whether a level has their units.
public struct UnitSet: Hashable, Sendable, CustomStringConvertible {
  /// Bit u of the row is set if unit u is in the set. The last word is never zero, so equal sets have equal rows.
  private var words: [UInt64] = []

  /// The number of units in the set.
  public private(set) var count = 0

  /// The empty set.
  public init() {}

  /// The set of these units. Duplicates count once, and numbers that `insert` ignores are left out.
  public init(_ units: some Sequence<UnitID>) {
    for unit in units { insert(unit) }
  }

  /// Adds a unit; numbers outside 0..<`Partition.unitLimit` are ignored.
  public mutating func insert(_ unit: UnitID) {
    guard unit.index >= 0, unit.index < Partition.unitLimit, !contains(unit) else { return }
    while words.count <= unit.index >> 6 { words.append(0) }
    words[unit.index >> 6] |= 1 << UInt64(unit.index & 63)
    count += 1
  }

  /// Whether the unit is in the set.
  public func contains(_ unit: UnitID) -> Bool {
    let word = unit.index >> 6
    return unit.index >= 0 && word < words.count && words[word] & (1 << UInt64(unit.index & 63)) != 0
  }

  /// Whether every unit of this set is in `other`.
  public func isSubset(of other: UnitSet) -> Bool {
    for (index, word) in words.enumerated() {
      let theirs = index < other.words.count ? other.words[index] : 0
      if word & ~theirs != 0 { return false }
    }
    return true
  }

  /// Whether the set has no unit.
  public var isEmpty: Bool { count == 0 }

  /// The units in ascending order.
  public var ascending: [UnitID] {
    var units: [UnitID] = []
    units.reserveCapacity(count)
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        units.append(UnitID(index << 6 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    return units
  }

  /// The units as a JSON array: `[0, 2]`.
  public var description: String { "[" + ascending.map(\.description).joined(separator: ", ") + "]" }
}
