package import UnitModel

/// Orders of units that follow from affinities.
///
/// First units are distinct: of all ways to give each task a first unit of its own, the one with the greatest sum of
/// affinities. If there are more tasks than units, each task begins with its best unit. The other units follow by
/// affinity, or, if the task's loss is known, so that each level has the lowest loss of all units that could be added.
/// Of equal units, the one with the lower number is taken.
package struct LearnedOrders {
  /// The order of each task.
  package private(set) var orders: [[UnitID]] = []

  /// - Parameter loss: the loss of a task with only these units; nil if it is unknown.
  package init(_ matrix: AffinityMatrix, loss: (_ task: TaskID, _ units: UnitSet) throws -> Double?) throws {
    let units = matrix.values.first?.count ?? 0
    let firsts = Self.firsts(matrix.values, units: units)
    for (task, row) in zip(matrix.tasks, matrix.values.indices) {
      var order = [UnitID(firsts[row])]
      while order.count < units {
        let chosen = UnitSet(order)
        var best: (unit: UnitID, cost: Double)?
        for unit in (0..<units).map(UnitID.init) where !chosen.contains(unit) {
          let cost = try loss(task, UnitSet(order + [unit])) ?? -matrix.values[row][unit.index]
          if best.map({ cost < $0.cost }) ?? true { best = (unit, cost) }
        }
        guard let best else { break }
        order.append(best.unit)
      }
      orders.append(order)
    }
  }

  private static func firsts(_ values: [[Double]], units: Int) -> [Int] {
    if values.count <= units {
      return BalancedAssignment(values, capacities: [Int](repeating: 1, count: units)).groups
    }
    return values.map { row in row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }
  }
}
