/// What a position of a dimension belongs to: 0 for nothing that can be cut, −1 for padding that fits anything, else a
/// number that `ChannelLabels` gave out.
package typealias ChannelLabel = Int32

/// Which positions of a network's values belong together.
///
/// While a plan is looked for, a label is an atom: every position of every weight has one of its own, and joining two
/// makes them one for good. While a plan is held against a graph, a label is a part of a channel axis, and joining two
/// different ones is an error. The rules of the operators are the same.
package final class ChannelLabels {
  /// A unit's channels on an axis.
  package struct Part: Hashable, Sendable {
    package let unit: Int
    package let axis: String
    /// Whether the channels came through padding: they then fit the same unit of a wider axis.
    var isImage = false

    package init(unit: Int, axis: String) {
      self.unit = unit
      self.axis = axis
    }
  }

  /// Whether labels are parts of a plan's axes.
  package let isChecking: Bool
  private var parents: [ChannelLabel] = [0]
  /// Of atoms that are whole: why.
  private var reasons: [ChannelLabel: String] = [:]
  /// Whether an atom is whole: looked at for each position, so no table of reasons.
  private var isWhole: [Bool] = [true]
  /// Whether a weighted sum takes an atom in, or it is an output of the network.
  private var isEnded: [Bool] = [false]
  /// Atoms behind padding, each with the one before it: they belong to one unit.
  package private(set) var images: [(image: ChannelLabel, source: ChannelLabel)] = []
  private var parts: [Part?] = [nil]
  private var numbers: [Part: ChannelLabel] = [:]
  /// Of a sub-network: whether it has the part.
  private let isActive: (Part) -> Bool
  private var kept: [Bool] = [true]

  /// Labels for finding a plan.
  package init() {
    isChecking = false
    isActive = { _ in true }
  }

  /// Labels for a plan, of which a sub-network has some parts.
  package init(isActive: @escaping (Part) -> Bool) {
    isChecking = true
    self.isActive = isActive
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

  /// The label that stands for all that were joined with this one; 0 where they are whole.
  package func find(_ label: ChannelLabel) -> ChannelLabel {
    if label <= 0 || isChecking { return label }
    let root = root(label)
    return isWhole[Int(root)] ? 0 : root
  }

  private func root(_ label: ChannelLabel) -> ChannelLabel {
    var place = label
    while parents[Int(place)] != place {
      // Every other step is shortened, so that chains of joins cost no more than their length.
      parents[Int(place)] = parents[Int(parents[Int(place)])]
      place = parents[Int(place)]
    }
    return place
  }

  /// One label for two; nil where a plan keeps them apart.
  ///
  /// Uncut positions take whatever the others are: what the sub-network lacks of them is left out there.
  func join(_ a: ChannelLabel, _ b: ChannelLabel) -> ChannelLabel? {
    let (a, b) = (find(a), find(b))
    if a == b || b == -1 { return a }
    if a == -1 || a == 0 { return b }
    if b == 0 { return a }
    guard isChecking else {
      // The older atom stands for both: it comes from the tensor that is met first.
      parents[Int(max(a, b))] = min(a, b)
      if isEnded[Int(max(a, b))] { isEnded[Int(min(a, b))] = true }
      return min(a, b)
    }
    guard let one = parts[Int(a)], let other = parts[Int(b)], one.unit == other.unit,
      one.isImage || other.isImage, kept[Int(a)] == kept[Int(b)]
    else { return nil }
    return one.isImage ? b : a
  }

  /// The label of a position whose channels were padded.
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

  /// The label of a position that only padding fills.
  func padding() -> ChannelLabel { isChecking ? -1 : atom() }

  /// Makes an atom's positions whole, for a reason that is kept.
  package func fix(_ label: ChannelLabel, _ reason: String) {
    let root = find(label)
    if root <= 0 || isChecking { return }
    reasons[root] = reason
    isWhole[Int(root)] = true
  }

  /// Why a position is whole.
  package func reason(_ label: ChannelLabel) -> String? {
    label <= 0 || isChecking ? nil : reasons[root(label)]
  }

  /// Says that something takes the channels in.
  package func end(_ label: ChannelLabel) {
    if label > 0, !isChecking { isEnded[Int(root(label))] = true }
  }

  // MARK: Counts

  /// For each label how often it was counted, and the last list that it was counted in.
  private var counts: [(number: Int32, list: Int)] = []
  private var lists = 0
  private var firstList = 0

  /// Begins to count anew; no label may be made before the counts are read.
  func clearCounts() {
    firstList = lists + 1
    let missing = (isChecking ? parts.count : parents.count) - counts.count
    if missing > 0 { counts += [(number: Int32, list: Int)](repeating: (0, 0), count: missing) }
  }

  /// Counts each label of some lists that is not whole, once for all of them.
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

  /// The sum of what was counted for a label; 0 for one that is whole.
  func count(_ label: ChannelLabel) -> Int32 {
    let root = Int(find(label))
    return root <= 0 || counts[root].list < firstList ? 0 : counts[root].number
  }

  /// Makes whole what the walk has left open: atoms that nothing takes in, and those whose image in a padded axis is
  /// whole, or whose source is.
  package func settle() {
    guard !isChecking else { return }
    for (image, source) in images.reversed() where isEnded[Int(root(image))] { end(source) }
    for label in parents.indices.dropFirst() {
      let label = ChannelLabel(label)
      if parents[Int(label)] == label, !isEnded[Int(label)] { fix(label, "no weighted sum takes it in") }
    }
    // Padding of what was padded takes one round for each time; beyond any network's everything padded is whole.
    for round in 0...Self.roundLimit {
      let unequal = images.filter { (find($0.image) == 0) != (find($0.source) == 0) }
      if unequal.isEmpty { return }
      for (image, source) in round == Self.roundLimit ? images : unequal {
        fix(image, reason(source) ?? "what it is padded from is whole")
        fix(source, reason(image) ?? "what is padded from it is whole")
      }
    }
  }

  private static let roundLimit = 64

  /// How a message calls a label.
  func words(_ label: ChannelLabel) -> String {
    part(label).map { "unit \($0.unit) of axis '\($0.axis)'" } ?? "channels that are not cut"
  }
}
