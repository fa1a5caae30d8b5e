package import UnitModel

/// Orders of units that follow from affinities.
///
/// First units are distinct: of all ways to give each task a first unit of its own, the one with the greatest sum of
/// affinities. If there are more tasks than units, each task begins with its best unit. The other units follow by
/// affinity, or, if the task's loss is known, in the reverse of the order in which they are removed from the whole network:
/// each time the unit without which the loss is lowest. (Sets of few units compute little more than noise, so adding units
/// one by one would begin with chance.) Of equal units, the one with the lower number comes first.
package struct LearnedOrders {
  /// The order of each task.
  package private(set) var orders: [[UnitID]] = []

  /// - Parameter loss: the loss of a task with only these units; nil if it is unknown.
  package init(
    _ matrix: AffinityMatrix, loss: (_ task: TaskID) -> ((_ units: UnitSet) throws -> Double)?
  ) throws {
    let units = matrix.values.first?.count ?? 0
    let firsts = Self.firsts(matrix.values, units: units)
    for (task, row) in zip(matrix.tasks, matrix.values.indices) {
      let first = UnitID(firsts[row])
      guard let loss = loss(task) else {
        let values = matrix.values[row]
        let rest = (0..<units).filter { $0 != first.index }.sorted { (values[$1], $0) < (values[$0], $1) }
        orders.append([first] + rest.map(UnitID.init))
        continue
      }
      var rest = (0..<units).map(UnitID.init).filter { $0 != first }
      var last: [UnitID] = []
      while !rest.isEmpty {
        var best: (unit: UnitID, cost: Double)?
        for unit in rest.reversed() {
          let others = UnitSet([first] + rest.filter { $0 != unit })
          let cost = try loss(others)
          if best.map({ cost < $0.cost }) ?? true { best = (unit, cost) }
        }
        guard let best else { break }
        rest.removeAll { $0 == best.unit }
        last.append(best.unit)
      }
      let order = [first] + last.reversed()
      orders.append(order)
    }
  }

  private static func firsts(_ values: [[Double]], units: Int) -> [Int] {
    if values.count <= units {
      // A network that cannot run without a unit needs it more than any finite number says.
      let most = values.joined().filter(\.isFinite).reduce(1) { max($0, abs($1)) }
      let values = values.map { $0.map { $0.isFinite ? $0 : 1e6 * most } }
      return BalancedAssignment(values, capacities: [Int](repeating: 1, count: units)).groups
    }
    return values.map { row in row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }
  }
}
