/// A dimension of a node's input.
struct FlowPlace: Hashable {
  let index: Int
  let dimension: Int
}

/// What a rule has said of the places of its inputs, held against what it made of them.
///
/// Each place with a label needs a dimension of the outputs with that label, of its own unless the rule said that the
/// places lie on one another. So a label that two dimensions carry is missed where only one of them goes on.
struct FlowAccount {
  /// Places that lie on one another, each with one before it.
  private var parents: [FlowPlace: FlowPlace] = [:]
  /// What is left to go on of a place: nothing where a sum takes it in.
  private var left: [FlowPlace: [ChannelLabel]] = [:]
  /// Labels that go on under another.
  private var replaced: [[ChannelLabel]] = []

  /// Says that places lie on one another: one dimension of the outputs is enough for all.
  mutating func lay(_ places: [FlowPlace]) {
    guard let first = places.first else { return }
    let root = root(first)
    for place in places { parents[self.root(place)] = root }
  }

  /// Says that of a place only these labels go on.
  mutating func leave(_ place: FlowPlace, but labels: [ChannelLabel] = []) { left[place] = labels }

  /// Says that labels of one place go on under another label.
  mutating func replace(_ labels: [ChannelLabel]) { if !labels.isEmpty { replaced.append(labels) } }

  private func root(_ place: FlowPlace) -> FlowPlace {
    var place = place
    while let parent = parents[place], parent != place { place = parent }
    return place
  }

  /// Lists of labels that need a dimension of their own, and those that have one, without those that are the same list.
  private func sides(
    _ inputs: [FlowValue?], _ outputs: [FlowValue]
  ) -> (needed: [[[ChannelLabel]]], found: [[[ChannelLabel]]]) {
    var needed: [FlowPlace: [[ChannelLabel]]] = [:]
    for (index, value) in inputs.enumerated() {
      for factor in value?.factors ?? [] {
        let places = factor.dimensions.map { FlowPlace(index: index, dimension: $0) }
        let said = places.first { left[$0] != nil } ?? places.first { parents[$0] != nil }
        guard let place = said ?? places.first else { continue }
        let labels = left[place] ?? factor.labels
        let group = root(place)
        if labels.isEmpty || needed[group]?.last?.isSameList(labels) == true { continue }
        needed[group, default: []].append(labels)
      }
    }
    var found: [[Int]: [[ChannelLabel]]] = [:]
    for output in outputs {
      for factor in output.factors { found[factor.dimensions, default: []].append(factor.labels) }
    }
    for (group, lists) in needed where lists.count == 1 {
      guard let same = found.first(where: { $0.value.count == 1 && $0.value[0].isSameList(lists[0]) })
      else { continue }
      needed[group] = nil
      found[same.key] = nil
    }
    return (Array(needed.values), Array(found.values) + replaced.map { [$0] })
  }

  /// Labels of places for which the outputs have no dimension.
  func missed(
    _ inputs: [FlowValue?], _ outputs: [FlowValue], _ context: FlowContext, shown: String
  ) throws(FlowError) -> [ChannelLabel] {
    let (needed, found) = sides(inputs, outputs)
    if needed.isEmpty { return [] }
    try context.spend((needed + found).joined().reduce(0) { $0 + $1.count }, at: shown)
    let labels = context.labels
    labels.clearCounts()
    for lists in found { labels.count(lists, by: -1) }
    for lists in needed { labels.count(lists, by: 1) }
    return needed.joined().joined().filter { labels.count($0) > 0 }
  }
}

extension [ChannelLabel] {
  /// Whether both are the same list in memory, which costs nothing to ask.
  func isSameList(_ other: [ChannelLabel]) -> Bool {
    count == other.count
      && withUnsafeBufferPointer { one in
        other.withUnsafeBufferPointer { one.baseAddress == $0.baseAddress }
      }
  }
}
