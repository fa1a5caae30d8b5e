internal import Inference
internal import ONNXGraph

/// The heads of an attention. Heads that share keys and values are one group, and whole groups are cut.
struct HeadGroups {
  /// Positions of a dimension that belong to groups: `count` neighbours to each group, from `start` on.
  struct Segment {
    var start = 0
    let count: Int
  }

  let call: FlowCall
  let count: Int
  private var places: [(place: FlowPlace, segments: [Segment])] = []
  /// Dimensions whose labels a product has consumed.
  private var consumed: Set<FlowPlace> = []

  init(_ call: FlowCall, count: Int) {
    self.call = call
    self.count = count
  }

  /// Adds a dimension that consists of segments.
  mutating func add(_ index: Int, _ dimension: Int, _ segments: Segment...) {
    guard call.optional(index) != nil else { return }
    places.append((FlowPlace(index: index, dimension: dimension), segments))
  }

  /// Adds the heads of a value that broadcasts to [B, H, S, T].
  mutating func add(scores index: Int, each: Int) {
    guard let shape = call.optional(index)?.shape, shape.count >= 3, shape[shape.count - 3] != 1 else {
      return
    }
    add(index, shape.count - 3, Segment(count: each))
  }

  /// Declares that a product consumes these dimensions.
  mutating func consumes(_ places: FlowPlace...) { consumed.formUnion(places) }

  /// Joins the labels of each group, and stops all others.
  ///
  /// Returns a label for each group; nil if no group is cut.
  func joined() throws(FlowError) -> [ChannelLabel]? {
    let lists = try labels()
    try stopOthers()
    call.lay(places.map { (index: $0.place.index, dimension: $0.place.dimension) })
    guard let lists else { return nil }
    var own: [ChannelLabel] = []
    for group in 0..<count {
      var members: [ChannelLabel] = []
      for (list, place) in zip(lists, places) {
        for segment in place.segments {
          let start = segment.start + group * segment.count
          members += list[start..<start + segment.count]
        }
      }
      guard let label = try call.merged(members, each: "head", isCutAlike: "heads that are cut in all inputs")
      else { return nil }
      own.append(label)
    }
    try select(own)
    return own
  }

  /// The number of groups that the sub-network has.
  func kept(_ own: [ChannelLabel]?) -> Int { own?.count { call.labels.isKept($0) } ?? count }

  /// The labels of all places; nil if one of them is not cut, so that none can be cut.
  private func labels() throws(FlowError) -> [[ChannelLabel]]? {
    var lists: [[ChannelLabel]?] = []
    for (place, segments) in places {
      let list = try call.labels(place.index, place.dimension)
      let extent = call.optional(place.index)?.shape.map { $0[place.dimension] }
      guard extent == segments.reduce(0, { $0 + $1.count * count }) else {
        _ = try call.unknownExtents()
        return nil
      }
      lists.append(list)
    }
    let cut = lists.compactMap { $0 }
    if cut.count == lists.count { return cut.isEmpty ? nil : cut }
    for list in cut { try call.stop(list, "\(call.node.shown) combines it with heads that are whole") }
    return nil
  }

  /// Samples, positions and the elements of a head are not cut.
  private func stopOthers() throws(FlowError) {
    for index in call.inputs.indices {
      guard let value = call.optional(index) else { continue }
      for dimension in 0..<value.rank {
        let place = FlowPlace(index: index, dimension: dimension)
        if consumed.contains(place) || places.contains(where: { $0.place == place }) { continue }
        try call.stop(
          try call.labels(index, dimension),
          "\(call.node.shown) mixes its positions, but not by a weighted sum")
      }
    }
  }

  /// Every sub-network has padding, even if it lacks the group that the padding is in.
  private func select(_ own: [ChannelLabel]) throws(FlowError) {
    guard call.labels.isChecking else { return }
    let kept = own.map(call.labels.isKept)
    if !kept.contains(false) { return }
    for (place, segments) in places {
      let wanted = segments.flatMap { segment in
        kept.flatMap { [Bool](repeating: $0, count: segment.count) }
      }
      try call.select(place.index, place.dimension, wanted)
    }
  }
}

extension [ChannelLabel] {
  /// Each label `count` times.
  func repeated(_ count: Int) -> [ChannelLabel] { flatMap { [ChannelLabel](repeating: $0, count: count) } }
}
