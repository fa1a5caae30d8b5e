/// A rule that gives every task an order of all units. The order of task t begins with unit t.
public enum AssignmentRule: String, Hashable, Sendable, CaseIterable {
  /// The next unit is the one nearest to the task's own unit; of two, the one with the lower number. If there are no
  /// more units on one side, the order continues on the other.
  case nearest
  /// The next unit is a neighbour of the units chosen so far; of two, the one with the lower number.
  case adjacent

  /// The order of all units for the task number `place`, from 0.
  ///
  /// Throws `PlanError.tooFewUnits` if there are more tasks than units.
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
