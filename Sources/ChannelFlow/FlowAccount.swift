/// A dimension of a node's input.
struct FlowPlace: Hashable {
  let index: Int
  let dimension: Int
}

/// Compares what a rule declared about its input places with the outputs that it made.
///
/// Each place with labels needs a dimension of the outputs with these labels. Places that coincide share one dimension;
/// every other place needs its own. If two input dimensions have the same label and the outputs have it only once, the
/// label is reported as missing.
struct FlowAccount {
  /// For each of several places that coincide, another one of them; a union-find.
  private var parents: [FlowPlace: FlowPlace] = [:]
  /// The labels of a place that continue: none if a sum consumes it.
  private var left: [FlowPlace: [ChannelLabel]] = [:]
  /// Labels that continue under another label.
  private var replaced: [[ChannelLabel]] = []

  /// Declares that places coincide: one output dimension is enough for all of them.
  mutating func lay(_ places: [FlowPlace]) {
    guard let first = places.first else { return }
    let root = root(first)
    for place in places { parents[self.root(place)] = root }
  }

  /// Declares that only these labels of a place continue; the others end or are not selected.
  mutating func leave(_ place: FlowPlace, but labels: [ChannelLabel] = []) { left[place] = labels }

  /// Declares that these labels continue under another label.
  mutating func replace(_ labels: [ChannelLabel]) { if !labels.isEmpty { replaced.append(labels) } }

  private func root(_ place: FlowPlace) -> FlowPlace {
    var place = place
    while let parent = parents[place], parent != place { place = parent }
    return place
  }

  /// Lists of labels that need a dimension of their own, and lists of the outputs' dimensions. Lists that occur on both
  /// sides are removed in pairs.
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

  /// Labels of places that no output dimension accounts for.
  func missed(
    _ inputs: [FlowValue?], _ outputs: [FlowValue], _ context: FlowContext, shown: @autoclosure () -> String
  ) throws(FlowError) -> [ChannelLabel] {
    let (needed, found) = sides(inputs, outputs)
    if needed.isEmpty { return [] }
    try context.spend((needed + found).joined().reduce(0) { $0 + $1.count }, at: shown())
    let labels = context.labels
    labels.clearCounts()
    for lists in found { labels.count(lists, by: -1) }
    for lists in needed { labels.count(lists, by: 1) }
    return needed.joined().joined().filter { labels.count($0) > 0 }
  }
}

extension [ChannelLabel] {
  /// Whether both are the same list in memory; this takes constant time.
  func isSameList(_ other: [ChannelLabel]) -> Bool {
    count == other.count
      && withUnsafeBufferPointer { one in
        other.withUnsafeBufferPointer { one.baseAddress == $0.baseAddress }
      }
  }
}
