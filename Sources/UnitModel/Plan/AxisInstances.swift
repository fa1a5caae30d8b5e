internal import Tensors

/// The axes of a plan applied to tensors: templates are filled in, and missing sizes come from shapes.
struct AxisInstances {
  private let plan: Plan
  private let exact: [AxisName: Int]
  private let templates: [Int]
  /// Templates by their text.
  private let spelled: [AxisName: Int]
  /// The axis names in entries, as patterns.
  private var patterns: [AxisName: NamePattern] = [:]
  /// The axes, in the order in which tensors first use them.
  private var instances: [Instance] = []
  private var places: [AxisName: Int] = [:]
  /// Dimensions that may give a size when other sizes are known.
  private var pending: [Use] = []

  private struct Instance {
    let name: AxisName
    let planAxis: Int
    var size: Int?
    /// One more than the highest channel that a tensor is; 0 if no tensor is a channel.
    var channelCount = 0
  }

  private struct Use {
    let placement: DimensionPlacement
    let tensor: TensorName
    let dimension: Int
    let extent: Int

    /// The time for examining it once more.
    var partCount: Int { if case .concat(let parts) = placement { parts.count + 1 } else { 1 } }
  }

  init(plan: Plan) {
    self.plan = plan
    var exact: [AxisName: Int] = [:]
    var templates: [Int] = []
    var spelled: [AxisName: Int] = [:]
    for (index, axis) in plan.axes.enumerated() {
      if axis.name.isLiteral {
        exact[AxisName(axis.name.text)] = index
      } else {
        templates.append(index)
        spelled[AxisName(axis.name.text)] = index
      }
    }
    self.exact = exact
    self.templates = templates
    self.spelled = spelled
  }

  /// The placements of a tensor's dimensions; the names of axes are filled in.
  mutating func use(
    _ match: EntryMatch, by spec: TensorSpec, work: inout PlanWork
  ) throws(PlanError) -> [DimensionPlacement] {
    let entry = plan.tensors[match.entry]
    if entry.dimensions.isEmpty { return [] }
    guard entry.dimensions.count == spec.shape.count else {
      throw .rankDisagrees(tensor: spec.name, expected: entry.dimensions.count, shape: spec.shape)
    }
    var filled: [DimensionPlacement] = []
    filled.reserveCapacity(entry.dimensions.count)
    for (dimension, placement) in entry.dimensions.enumerated() {
      let place = Place(entry: match.entry, dimension: dimension)
      let placement = try fill(placement, match.captures, place, &work)
      filled.append(placement)
      if tellsSize(placement) {
        pending.append(
          Use(placement: placement, tensor: spec.name, dimension: dimension, extent: spec.shape[dimension]))
      }
    }
    return filled
  }

  /// The axes whose channels are modules.
  var modules: Set<AxisName> { Set(instances.filter { plan.axes[$0.planAxis].isOfModules }.map(\.name)) }

  /// The highest number of a tensor that is a channel, plus one: the most tensors of a file.
  private static let numberLimit = 1 << 20

  /// The channels that a tensor is, by the name that its entry's pattern matched.
  mutating func channels(
    _ match: EntryMatch, of spec: TensorSpec, work: inout PlanWork
  ) throws(PlanError) -> [TensorChannel] {
    var channels: [TensorChannel] = []
    for (number, template) in plan.tensors[match.entry].channelOf.enumerated() {
      let place = Place(entry: match.entry, dimension: nil, number: number)
      let axis = try fill(AxisUse(template), match.captures, place, &work).axis
      let used = pattern(template)?.componentCount ?? 0
      guard match.captures.components.indices.contains(used) else {
        throw .outOfRange(
          place: place.text,
          expected: "a pattern with a {} for the number of the channel, after those of the axis",
          found: "\(match.captures.components.count) {}")
      }
      let text = match.captures.components[used]
      guard let channel = Int(text), "\(channel)" == text, channel >= 0, channel < Self.numberLimit,
        let instance = places[axis]
      else {
        throw .outOfRange(
          place: "tensor \(spec.name.quoted)", expected: "the number of a channel of axis \(axis.quoted)",
          found: TensorName(text).quoted)
      }
      instances[instance].channelCount = max(instances[instance].channelCount, channel + 1)
      channels.append(TensorChannel(axis: axis, channel: channel))
    }
    return channels
  }

  /// The place of an axis in the plan; it becomes text only for errors.
  private struct Place {
    let entry: Int
    /// Nil for an axis of `channel_of`.
    let dimension: Int?
    var number = 0
    var text: String {
      "tensors[\(entry)]." + (dimension.map { "axes[\($0)]" } ?? "channel_of[\(number)]")
    }
  }

  private mutating func fill(
    _ placement: DimensionPlacement, _ captures: NamePattern.Captures, _ place: Place, _ work: inout PlanWork
  ) throws(PlanError) -> DimensionPlacement {
    switch placement {
    case .whole: return .whole
    case .axis(let use): return .axis(try fill(use, captures, place, &work))
    case .compact(let use): return .compact(try fill(use, captures, place, &work))
    case .concat(let parts):
      var filled: [ConcatPart] = []
      for part in parts {
        switch part {
        case .uncut: filled.append(part)
        case .axis(let use): filled.append(.axis(try fill(use, captures, place, &work)))
        }
      }
      return .concat(filled)
    }
  }

  private mutating func fill(
    _ use: AxisUse, _ captures: NamePattern.Captures, _ place: Place, _ work: inout PlanWork
  ) throws(PlanError) -> AxisUse {
    var name = use.axis
    if name.text.utf8.contains(UInt8(ascii: "{")), let pattern = pattern(name), !pattern.isLiteral {
      guard pattern.starCount == 0, let text = pattern.filled(with: captures) else {
        throw .captureMissing(place: place.text, name: name.text, captures: captures.components.count)
      }
      name = AxisName(text)
    }
    if places[name] == nil {
      guard let planAxis = try entry(of: name, place, &work) else {
        throw .unknownAxis(
          place: place.text, name: use.axis,
          nearest: nearestName(to: use.axis.text, among: plan.axes.lazy.map(\.name.text)))
      }
      places[name] = instances.count
      instances.append(Instance(name: name, planAxis: planAxis, size: knownSize(plan.axes[planAxis])))
    }
    return AxisUse(name, inner: use.inner, outer: use.outer)
  }

  /// The plan's entry with this name; if there is none, the first template that makes an axis with this name.
  private func entry(
    of name: AxisName, _ place: Place, _ work: inout PlanWork
  ) throws(PlanError) -> Int? {
    if let entry = exact[name] { return entry }
    work.place = place.text
    for template in templates where try work.matches(plan.axes[template].name, name) { return template }
    return nil
  }

  private mutating func pattern(_ name: AxisName) -> NamePattern? {
    if let known = patterns[name] { return known }
    let made = NamePattern(name.text)
    patterns[name] = made
    return made
  }

  /// The size that an axis's own entry gives or implies.
  private func knownSize(_ axis: PlanAxis) -> Int? {
    if let size = axis.size { return size }
    let units: [Int]
    switch axis.cut {
    case .equal: return nil
    case .sizes(let sizes): units = sizes
    case .channels(let channels): units = channels.map(\.count)
    }
    var sum = axis.common.count
    for count in units {
      let (next, overflow) = sum.addingReportingOverflow(count)
      if overflow { return Int.max }
      sum = next
    }
    return sum
  }

  private func tellsSize(_ placement: DimensionPlacement) -> Bool {
    switch placement {
    case .whole, .compact: false
    case .axis(let use): size(of: use) == nil
    case .concat(let parts):
      parts.contains { part in if case .axis(let use) = part { size(of: use) == nil } else { false } }
    }
  }

  private func size(of use: AxisUse) -> Int? { places[use.axis].flatMap { instances[$0].size } }

  /// Takes missing sizes from dimensions with one unknown axis, and repeats this until no more sizes follow.
  private mutating func inferSizes(work: inout PlanWork) throws(PlanError) {
    work.place = "axes"
    var waiting = pending
    while !waiting.isEmpty {
      var rest: [Use] = []
      for use in waiting {
        try work.add(use.partCount * 10)
        if try !infer(from: use) { rest.append(use) }
      }
      if rest.count == waiting.count { return }
      waiting = rest
    }
  }

  /// Takes a missing size from a dimension; returns false if it must be tried again later.
  private mutating func infer(from use: Use) throws(PlanError) -> Bool {
    let parts: [ConcatPart]
    switch use.placement {
    case .axis(let axis): parts = [.axis(axis)]
    case .concat(let listed): parts = listed
    case .whole, .compact: return true
    }
    var left = use.extent
    var perChannel = 0
    var unknown: AxisName?
    for part in parts {
      let taken: Int?
      switch part {
      case .uncut(let size): taken = size
      case .axis(let axis):
        if let size = size(of: axis) {
          taken = axis.positions(channels: size)
        } else {
          if let unknown, unknown != axis.axis { return false }
          unknown = axis.axis
          let (sum, overflow) = perChannel.addingReportingOverflow(axis.positions(channels: 1) ?? Int.max)
          perChannel = overflow ? Int.max : sum
          taken = 0
        }
      }
      // If the size does not fit, this is reported when the dimension is cut, with all sizes known.
      guard let taken, taken <= left else { return true }
      left -= taken
    }
    guard let unknown, let instance = places[unknown], perChannel > 0 else { return true }
    if left < perChannel || left % perChannel != 0 {
      throw .sizeDisagrees(
        tensor: use.tensor, dimension: use.dimension, axis: use.placement.summary,
        expected: nearest(perChannel, left: left, of: use.extent), found: use.extent)
    }
    instances[instance].size = left / perChannel
    return true
  }

  /// The nearest extent with a whole number of channels; it is smaller, or larger if not even one channel fits.
  private func nearest(_ perChannel: Int, left: Int, of extent: Int) -> Int {
    if left >= perChannel { return extent - left % perChannel }
    let (sum, overflow) = perChannel.addingReportingOverflow(extent - left)
    return overflow ? Int.max : sum
  }

  /// The axes in the order of the plan's entries; axes of one template are sorted by name and number (`ffn2` before
  /// `ffn10`).
  mutating func make(work: inout PlanWork) throws(PlanError) -> (axes: [ChannelAxis], notes: [PlanNote]) {
    try inferSizes(work: &work)
    // An axis that lies on no dimension has the channels that tensors are.
    for place in instances.indices where instances[place].size == nil && instances[place].channelCount > 0 {
      instances[place].size = instances[place].channelCount
    }
    try checkAllUsed(work: &work)
    var axes: [ChannelAxis] = []
    var notes: [PlanNote] = []
    let keys = instances.map { NaturalOrder($0.name.text) }
    let order = instances.indices.sorted {
      (instances[$0].planAxis, keys[$0], $0) < (instances[$1].planAxis, keys[$1], $1)
    }
    for index in order {
      let instance = instances[index]
      let entry = plan.axes[instance.planAxis]
      guard let size = instance.size else { throw .sizeUnknown(axis: instance.name) }
      let axis = try make(entry, name: instance.name, size: size)
      axes.append(axis)
      if axis.isWhole, entry.common.count < size {
        notes.append(
          .axisWhole(
            axis: axis.name, granules: (size - entry.common.count) / axis.granule, granule: axis.granule,
            unitCount: plan.unitCount))
      }
    }
    return (axes, notes)
  }

  private func make(_ entry: PlanAxis, name: AxisName, size: Int) throws(PlanError) -> ChannelAxis {
    switch entry.cut {
    case .equal:
      return try .equal(
        name: name, size: size, unitCount: plan.unitCount, common: entry.common, granule: entry.granule)
    case .sizes(let sizes):
      if sizes.count != plan.unitCount {
        throw .unitCountDisagrees(axis: name, expected: plan.unitCount, found: sizes.count)
      }
      return try .sized(name: name, size: size, sizes: sizes, common: entry.common, granule: entry.granule)
    case .channels(let channels):
      if channels.count != plan.unitCount {
        throw .unitCountDisagrees(axis: name, expected: plan.unitCount, found: channels.count)
      }
      return try ChannelAxis(
        name: name, size: size, units: channels, common: entry.common, granule: entry.granule)
    }
  }

  /// An entry without tensors is probably a typing error. A template may lack axes because all of them have entries of
  /// their own.
  private func checkAllUsed(work: inout PlanWork) throws(PlanError) {
    work.place = "axes"
    let used = Set(instances.map(\.planAxis))
    for (index, axis) in plan.axes.enumerated() where !used.contains(index) {
      if !axis.name.isLiteral, try has(axis.name, &work) { continue }
      throw .unusedAxis(
        name: AxisName(axis.name.text),
        nearest: nearestName(to: axis.name.text, among: instances.lazy.map(\.name.text)))
    }
  }

  private func has(_ template: NamePattern, _ work: inout PlanWork) throws(PlanError) -> Bool {
    for instance in instances where try work.matches(template, instance.name) { return true }
    return false
  }
}

/// One channel of an axis, which a whole tensor is.
struct TensorChannel {
  let axis: AxisName
  let channel: Int
}
