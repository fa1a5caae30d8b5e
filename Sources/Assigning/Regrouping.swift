package import UnitModel

/// Channels divided among units by their scores for the tasks.
///
/// Of all divisions with the plan's numbers of channels, the one is chosen in which the levels of the tasks have the most:
/// the sum, over tasks and levels, of the shares of scores of the level's channels. With one task, this sorts channels by
/// score. A unit that a task adds first gets the channels that this task needs most.
package enum Regrouping {
  /// Whether an axis is small enough: the time grows with channels (or granules) × units².
  package static func canDivide(_ axis: ChannelAxis) -> Bool {
    let granules = axis.size / axis.granule
    return granules <= 1 << 15 && granules * axis.units.count * axis.units.count <= 1 << 25
  }

  /// The channels of an axis, unit by unit, without the common ones.
  ///
  /// - Parameter scores: for each task with scores, its order of units on the axis, and the score of each channel.
  package static func channels(of axis: ChannelAxis, _ scores: [(order: [UnitID], scores: [Double])]) -> [Int]
  {
    let granules = axis.units.flatMap { $0.channels }.sorted().filter { $0 % axis.granule == 0 }
    var values = [[Double]](
      repeating: [Double](repeating: 0, count: axis.units.count), count: granules.count)
    for task in scores {
      let total = task.scores.reduce(0, +)
      guard total > 0 else { continue }
      for (place, first) in granules.enumerated() {
        let share =
          (first..<first + axis.granule).reduce(0) {
            $0 + (task.scores.indices.contains($1) ? task.scores[$1] : 0)
          } / total
        // A unit at position p of an order is in all levels but the first p.
        for (position, unit) in task.order.enumerated() {
          values[place][unit.index] += share * Double(task.order.count - position)
        }
      }
    }
    let groups = BalancedAssignment(values, capacities: axis.units.map { $0.count / axis.granule }).groups
    return axis.units.indices.flatMap { unit in
      zip(granules, groups).filter { $0.1 == unit }.flatMap { $0.0..<$0.0 + axis.granule }
    }
  }
}
