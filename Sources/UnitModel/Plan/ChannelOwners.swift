internal import Tensors

/// The unit of each tensor that is one channel of an axis: an expert, a layer.
struct ChannelOwners {
  private let axes: [AxisName: ChannelAxis]

  /// The axes of which tensors are channels.
  var usedAxes: Set<AxisName> { Set(axes.keys) }

  /// Throws if a task has its own levels on such an axis: the units of a whole tensor are those of the level.
  init(
    _ channels: [[TensorChannel]], axes: [ChannelAxis], _ assignment: Assignment
  ) throws(PlanError) {
    let used = Set(channels.lazy.joined().map(\.axis))
    self.axes = Dictionary(
      axes.lazy.filter { used.contains($0.name) }.map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    for task in assignment.tasks {
      guard let own = task.axes.first(where: { used.contains($0.axis) }) else { continue }
      throw .keysExclude(
        place: "axis \(own.axis.quoted)", first: "channel_of",
        second: "levels of its own in task \(task.task.quoted)")
    }
  }

  /// The units of a tensor that is these channels, in addition to `units`.
  func units(
    of channels: [TensorChannel], _ spec: TensorSpec, and units: UnitSet
  ) throws(PlanError) -> UnitSet {
    var units = units
    for channel in channels {
      guard let axis = axes[channel.axis], channel.channel < axis.size else {
        throw .outOfRange(
          place: "tensor \(spec.name.quoted)",
          expected:
            "the number of a channel of axis \(channel.axis.quoted), below \(axes[channel.axis]?.size ?? 0)",
          found: "\(channel.channel)")
      }
      if let unit = axis.unit(of: channel.channel) { units.insert(unit) }
    }
    return units
  }
}
