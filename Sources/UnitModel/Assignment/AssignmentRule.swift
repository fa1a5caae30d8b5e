/// A rule that gives every task an order of all units, task t beginning with unit t.
///
/// Kim, Ahn, Torr, Oh, *Deep Virtual Networks for Memory Efficient Inference of Multiple Tasks*, CVPR 2019: unit i is
/// task i's first; couple an adjacent unit not yet coupled; of two take the lower. From four units on, "adjacent" reads
/// two ways, so there are two rules, and the order a rule made is stored, never made again.
public enum AssignmentRule: String, Hashable, Sendable, CaseIterable {
  /// Next comes the unit nearest to the task's own, the lower of two; a side that is used up is skipped.
  case nearest
  /// Next comes a unit beside the coupled ones, the lower of two.
  case adjacent

  /// The order of all units for the task at `place` (from 0).
  ///
  /// Throws `PlanError.tooFewUnits` when there are more tasks than units.
  public func order(ofTask place: Int, taskCount: Int, unitCount: Int) throws(PlanError) -> [UnitID] {
    guard taskCount <= unitCount, (0..<unitCount).contains(place) else {
      throw .tooFewUnits(rule: rawValue, tasks: max(taskCount, place + 1), units: unitCount)
    }
    var order = [UnitID(place)]
    order.reserveCapacity(unitCount)
    var below = place - 1
    var above = place + 1
    while order.count < unitCount {
      let takesBelow =
        switch self {
        case .adjacent: below >= 0
        case .nearest: below >= 0 && (above >= unitCount || place - below <= above - place)
        }
      if takesBelow {
        order.append(UnitID(below))
        below -= 1
      } else {
        order.append(UnitID(above))
        above += 1
      }
    }
    return order
  }
}
