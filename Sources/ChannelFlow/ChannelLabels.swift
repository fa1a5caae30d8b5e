/// The label of a position in a dimension: 0 if it cannot be cut, −1 for padding that fits any label, otherwise a
/// number from `ChannelLabels`.
package typealias ChannelLabel = Int32

/// Groups of positions that must be cut together in a network's values.
///
/// During planning, a label is an atom: every position of every weight has one of its own, and joining two makes them
/// one permanently. When a plan is checked against a graph, a label is a part of a channel axis, and joining two
/// different ones is an error. Both use the same operator rules.
package final class ChannelLabels {
  /// The channels of one unit on one axis.
  package struct Part: Hashable, Sendable {
    package let unit: Int
    package let axis: String
    /// Whether the channels came through padding; then they also fit the same unit of a wider axis.
    var isImage = false

    package init(unit: Int, axis: String) {
      self.unit = unit
      self.axis = axis
    }
  }

  /// Whether labels are parts of a plan's axes; otherwise they are atoms.
  package let isChecking: Bool
  private var parents: [ChannelLabel] = [0]
  /// The reasons why atoms are whole.
  private var reasons: [ChannelLabel: String] = [:]
  /// Whether an atom is whole: an array, not the dictionary of reasons, because it is read for each position.
  private var isWhole: [Bool] = [true]
  /// Whether a weighted sum consumes an atom, or it is an output of the network.
  private var isEnded: [Bool] = [false]
  /// Each atom after padding, with the atom before it: both belong to the same unit.
  package private(set) var images: [(image: ChannelLabel, source: ChannelLabel)] = []
  private var parts: [Part?] = [nil]
  private var numbers: [Part: ChannelLabel] = [:]
  /// Whether the sub-network contains a part.
  private let isActive: (Part) -> Bool
  private var kept: [Bool] = [true]

  /// Labels for planning.
  package init() {
    isChecking = false
    isActive = { _ in true }
  }

  /// Labels for checking a plan for one sub-network, which has the parts that `isActive` selects.
  ///
  /// - Parameter known: the parts with labels 1, 2, 3, …; other parts get the labels after them.
  package init(known: [Part] = [], isActive: @escaping (Part) -> Bool) {
    isChecking = true
    self.isActive = isActive
    for part in known { _ = label(of: part) }
  }

  /// A new atom.
  package func atom() -> ChannelLabel {
    parents.append(ChannelLabel(parents.count))
    isWhole.append(false)
    isEnded.append(false)
    return ChannelLabel(parents.count - 1)
  }

  /// The label of a part.
  package func label(of part: Part) -> ChannelLabel {
    if let known = numbers[part] { return known }
    let label = ChannelLabel(parts.count)
    parts.append(part)
    kept.append(isActive(part))
    numbers[part] = label
    return label
  }

  package func part(_ label: ChannelLabel) -> Part? { label > 0 && isChecking ? parts[Int(label)] : nil }

  /// Whether the sub-network has positions with this label.
  package func isKept(_ label: ChannelLabel) -> Bool { label <= 0 || !isChecking || kept[Int(label)] }

  /// The representative of all labels that were joined with this one; 0 if they are whole.
  package func find(_ label: ChannelLabel) -> ChannelLabel {
    if label <= 0 || isChecking { return label }
    let root = root(label)
    return isWhole[Int(root)] ? 0 : root
  }

  private func root(_ label: ChannelLabel) -> ChannelLabel {
    var place = label
    while parents[Int(place)] != place {
      // Each second step of the path is shortened, so that chains of joins stay cheap.
      parents[Int(place)] = parents[Int(parents[Int(place)])]
      place = parents[Int(place)]
    }
    return place
  }

  /// Joins two labels into one; nil if a plan keeps them apart.
  ///
  /// A position that is not cut gets the other label, so a dense sub-network without the label leaves the position out.
  func join(_ a: ChannelLabel, _ b: ChannelLabel) -> ChannelLabel? {
    let (a, b) = (find(a), find(b))
    if a == b || b == -1 { return a }
    if a == -1 || a == 0 { return b }
    if b == 0 { return a }
    guard isChecking else {
      // The older atom represents both: it comes from the tensor that was met first.
      parents[Int(max(a, b))] = min(a, b)
      if isEnded[Int(max(a, b))] { isEnded[Int(min(a, b))] = true }
      return min(a, b)
    }
    guard let one = parts[Int(a)], let other = parts[Int(b)], one.unit == other.unit,
      one.isImage || other.isImage, kept[Int(a)] == kept[Int(b)]
    else { return nil }
    return one.isImage ? b : a
  }

  /// The label that a position has after padding; before, it had `label`.
  func image(_ label: ChannelLabel) -> ChannelLabel {
    guard isChecking else {
      let image = atom()
      images.append((image, label))
      return image
    }
    guard var part = part(label) else { return label }
    part.isImage = true
    return self.label(of: part)
  }

  /// The label of a position that holds only padding.
  func padding() -> ChannelLabel { isChecking ? -1 : atom() }

  /// Makes an atom's positions whole, and keeps the reason.
  package func fix(_ label: ChannelLabel, _ reason: String) {
    let root = find(label)
    if root <= 0 || isChecking { return }
    reasons[root] = reason
    isWhole[Int(root)] = true
  }

  /// The reason why a position is whole.
  package func reason(_ label: ChannelLabel) -> String? {
    label <= 0 || isChecking ? nil : reasons[root(label)]
  }

  /// Marks a label that something consumes.
  package func end(_ label: ChannelLabel) {
    if label > 0, !isChecking { isEnded[Int(root(label))] = true }
  }

  // MARK: Counts

  /// For each label its count, and the number of the last list in which it was counted.
  private var counts: [(number: Int32, list: Int)] = []
  private var lists = 0
  private var firstList = 0

  /// Starts new counts; no label may be made before they are read.
  func clearCounts() {
    firstList = lists + 1
    let missing = (isChecking ? parts.count : parents.count) - counts.count
    if missing > 0 { counts += [(number: Int32, list: Int)](repeating: (0, 0), count: missing) }
  }

  /// Adds `step` to the count of each label in the lists that is not whole, once for all the lists.
  func count(_ group: [[ChannelLabel]], by step: Int32) {
    lists += 1
    for list in group {
      for label in list {
        let root = Int(find(label))
        if root <= 0 || counts[root].list == lists { continue }
        let number = counts[root].list < firstList ? 0 : counts[root].number
        counts[root] = (number &+ step, lists)
      }
    }
  }

  /// The count of a label; 0 for one that is whole.
  func count(_ label: ChannelLabel) -> Int32 {
    let root = Int(find(label))
    return root <= 0 || counts[root].list < firstList ? 0 : counts[root].number
  }

  /// Makes atoms whole that are still open after the walk: atoms that nothing consumes, and pairs of an image and its
  /// source if one of them is whole.
  package func settle() {
    guard !isChecking else { return }
    for (image, source) in images.reversed() where isEnded[Int(root(image))] { end(source) }
    for label in parents.indices.dropFirst() {
      let label = ChannelLabel(label)
      if parents[Int(label)] == label, !isEnded[Int(label)] { fix(label, "no weighted sum consumes it") }
    }
    // Each padding of an axis that is already padded takes one more round. After 64 rounds, more than any real network
    // needs, all padded atoms become whole.
    for round in 0...Self.roundLimit {
      let unequal = images.filter { (find($0.image) == 0) != (find($0.source) == 0) }
      if unequal.isEmpty { return }
      for (image, source) in round == Self.roundLimit ? images : unequal {
        fix(image, reason(source) ?? "the channels before its padding are whole")
        fix(source, reason(image) ?? "the channels after its padding are whole")
      }
    }
  }

  private static let roundLimit = 64

  /// The label as messages name it.
  func words(_ label: ChannelLabel) -> String {
    part(label).map { "unit \($0.unit) of axis '\($0.axis)'" } ?? "channels that are not cut"
  }
}
