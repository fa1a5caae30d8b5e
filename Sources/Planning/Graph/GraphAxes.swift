internal import ChannelFlow
internal import Tensors
internal import UnitModel

/// The dimensions of a network's weights as runs of atoms, and the channel axes made from them.
///
/// An axis is a chain of atoms that follow each other in every dimension that has one of them. Concatenation, splitting
/// and slicing end chains. So every dimension consists of one or several whole chains, which may be repeated.
struct GraphAxes {
  /// A weight's dimension.
  struct Dimension {
    let tensor: String
    let number: Int
    let labels: [ChannelLabel]
  }

  /// Neighbouring positions with the same atom.
  private struct Run {
    let root: ChannelLabel
    let count: Int
  }

  private struct Chain {
    let name: String
    let roots: [ChannelLabel]
  }

  private let labels: ChannelLabels
  private var chains: [Chain] = []
  private var chainOf: [ChannelLabel: Int] = [:]
  private let unitCount: Int
  private(set) var axes: [PlanAxis] = []

  init(_ dimensions: [Dimension], labels: ChannelLabels, unitCount: Int) {
    self.labels = labels
    self.unitCount = unitCount
    let runs = dimensions.map { Self.runs($0.labels, labels) }
    findChains(dimensions, runs)
    cut()
  }

  private static func runs(_ list: [ChannelLabel], _ labels: ChannelLabels) -> [Run] {
    var runs: [Run] = []
    for label in list {
      let root = max(0, labels.find(label))
      if let last = runs.last, last.root == root {
        runs[runs.count - 1] = Run(root: root, count: last.count + 1)
      } else {
        runs.append(Run(root: root, count: 1))
      }
    }
    return runs
  }

  private mutating func findChains(_ dimensions: [Dimension], _ runs: [[Run]]) {
    // A 0 means the end of a dimension.
    var next: [ChannelLabel: ChannelLabel] = [:]
    var last: [ChannelLabel: ChannelLabel] = [:]
    func link(_ a: ChannelLabel, _ b: ChannelLabel) {
      if a > 0 { next[a] = next[a] == nil || next[a] == b ? b : 0 }
      if b > 0 { last[b] = last[b] == nil || last[b] == a ? a : 0 }
    }
    for list in runs {
      var before = Run(root: 0, count: 0)
      for run in list + [Run(root: 0, count: 0)] {
        if before.count == run.count {
          link(before.root, run.root)
        } else {
          link(before.root, 0)
          link(0, run.root)
        }
        before = run
      }
    }
    var names: Set<String> = []
    var numbers: [String: Int] = [:]
    for (dimension, list) in zip(dimensions, runs) {
      for run in list where run.root > 0 && chainOf[run.root] == nil {
        // A chain begins at its first atom. Later atoms are skipped, unless the chain is broken before them.
        if let previous = last[run.root], previous > 0, next[previous] == run.root, chainOf[previous] == nil {
          continue
        }
        var roots: [ChannelLabel] = []
        var atom = run.root
        while atom > 0, chainOf[atom] == nil {
          chainOf[atom] = chains.count
          roots.append(atom)
          guard let following = next[atom], following > 0, last[following] == atom else { break }
          atom = following
        }
        let base = Self.name(dimension.tensor)
        var name = base
        while names.contains(name) {
          numbers[base, default: 1] += 1
          name = "\(base).\(numbers[base] ?? 1)"
        }
        names.insert(name)
        chains.append(Chain(name: name, roots: roots))
      }
    }
  }

  /// The name of the module with the first weight that has the channels.
  private static func name(_ tensor: String) -> String {
    var name = tensor
    for suffix in [".weight", ".w_0", "_w_0", "_w", ".kernel", "/weight"] where name.hasSuffix(suffix) {
      name = String(name.dropLast(suffix.count))
      break
    }
    // In the name of an axis these characters would be wildcards.
    return name.isEmpty ? "channels" : String(name.map { "*{}".contains($0) ? "_" : $0 })
  }

  /// Divides the channels as equally as possible. Channels after padding get the unit of the channels before padding.
  private mutating func cut() {
    var owners: [ChannelLabel: Int] = [:]
    var sources: [ChannelLabel: ChannelLabel] = [:]
    for (image, source) in labels.images {
      let (image, source) = (labels.find(image), labels.find(source))
      if image > 0, source > 0, image != source, sources[image] == nil { sources[image] = source }
    }
    for chain in chains {
      guard let name = NamePattern(chain.name), chain.roots.count >= unitCount else { continue }
      let fixed = chain.roots.map { sources[$0].flatMap { owners[$0] } }
      let (quotient, rest) = chain.roots.count.quotientAndRemainder(dividingBy: unitCount)
      var room = (0..<unitCount).map { quotient + ($0 < rest ? 1 : 0) }
      for owner in fixed { if let owner { room[owner] -= 1 } }
      var units = [[Int]](repeating: [], count: unitCount)
      var unit = 0
      for (channel, owner) in fixed.enumerated() {
        if let owner {
          units[owner].append(channel)
        } else {
          while unit < unitCount - 1, room[unit] <= 0 { unit += 1 }
          room[unit] -= 1
          units[unit].append(channel)
        }
      }
      for (index, channels) in units.enumerated() {
        for channel in channels { owners[chain.roots[channel]] = index }
      }
      let isPlain = fixed.allSatisfy { $0 == nil }
      axes.append(
        PlanAxis(
          name: name, size: chain.roots.count, cut: isPlain ? .equal : .channels(units.map(Self.ranges))))
    }
  }

  private static func ranges(_ channels: [Int]) -> ChannelRanges {
    var pieces: [Range<Int>] = []
    for channel in channels {
      if let last = pieces.last, last.upperBound == channel {
        pieces[pieces.count - 1] = last.lowerBound..<channel + 1
      } else {
        pieces.append(channel..<channel + 1)
      }
    }
    return ChannelRanges(ascending: pieces) ?? ChannelRanges()
  }

  /// The placement of a dimension on the axes; nil if no part of it is cut.
  func placement(_ list: [ChannelLabel]) -> DimensionPlacement? {
    var parts: [ConcatPart] = []
    let runs = Self.runs(list, labels)
    var place = 0
    while place < runs.count {
      let run = runs[place]
      guard run.root > 0, let number = chainOf[run.root], chains[number].roots.count >= unitCount,
        chains[number].roots.indices.allSatisfy({ index in
          place + index < runs.count && runs[place + index].root == chains[number].roots[index]
            && runs[place + index].count == run.count
        })
      else {
        append(run.count, to: &parts)
        place += 1
        continue
      }
      place += chains[number].roots.count
      let name = AxisName(chains[number].name)
      if case .axis(let use)? = parts.last, use.axis == name, use.inner == run.count {
        parts[parts.count - 1] = .axis(AxisUse(name, inner: use.inner, outer: use.outer + 1))
      } else {
        parts.append(.axis(AxisUse(name, inner: run.count)))
      }
    }
    if case .axis(let use)? = parts.first, parts.count == 1 { return .axis(use) }
    return parts.contains { if case .axis = $0 { true } else { false } } ? .concat(parts) : nil
  }

  private func append(_ count: Int, to parts: inout [ConcatPart]) {
    if case .uncut(let size)? = parts.last {
      parts[parts.count - 1] = .uncut(size: size + count)
    } else {
      parts.append(.uncut(size: count))
    }
  }

  /// The reason why a dimension stays whole.
  func reason(_ list: [ChannelLabel]) -> String {
    for label in list { if let reason = labels.reason(label) { return reason } }
    if let number = list.first.flatMap({ chainOf[labels.find($0)] }) {
      let parts = chains[number].roots.count
      return parts == list.count
        ? "it has \(parts) channels, fewer than the \(unitCount) units"
        : parts == 1
          ? "nodes take all its channels together, which \(unitCount) units cannot share"
          : "nodes take its channels in \(parts) groups, fewer than the \(unitCount) units"
    }
    return "no cut dimension is connected to it"
  }
}
