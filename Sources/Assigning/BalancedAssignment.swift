/// Items divided among groups of fixed sizes, with the greatest total value.
///
/// Items are added one at a time along a path of greatest gain through the groups, which keeps the division optimal
/// (successive shortest paths in the graph of a transport problem). Of equal paths, the one through lower groups is
/// taken, so the same values always give the same division. n items and k groups take about n² + n · k² steps.
package struct BalancedAssignment {
  /// The group of each item.
  package private(set) var groups: [Int]

  /// - Parameters:
  ///   - values: for each item, its value in each group; finite.
  ///   - capacities: the most items of each group; together at least as many as there are items.
  package init(_ values: [[Double]], capacities: [Int]) {
    groups = [Int](repeating: -1, count: values.count)
    var members = [[Int]](repeating: [], count: capacities.count)
    // The least loss when an item of one group moves to another, and that item.
    var moves = [[Move]](
      repeating: [Move](repeating: Move(), count: capacities.count), count: capacities.count)
    for item in values.indices {
      guard let path = Self.path(values[item], moves, members, capacities) else { return }
      var moved = item
      for (place, group) in path.enumerated() {
        let next = place + 1 < path.count ? moves[group][path[place + 1]].item : nil
        members[group].removeAll { $0 == next }
        members[group].append(moved)
        groups[moved] = group
        moved = next ?? moved
      }
      for group in Set(path) {
        moves[group] = capacities.indices.map { other in
          var best = Move()
          for member in members[group].sorted() {
            let loss = values[member][group] - values[member][other]
            if loss < best.loss { best = Move(loss: loss, item: member) }
          }
          return best
        }
      }
    }
  }

  private struct Move {
    var loss = Double.infinity
    var item: Int?
  }

  /// The groups through which items move when a new one is added, the last of which has space.
  private static func path(
    _ values: [Double], _ moves: [[Move]], _ members: [[Int]], _ capacities: [Int]
  ) -> [Int]? {
    // The least loss of a path that ends in each group (Bellman, Ford), and the group before it.
    var losses = values.map { -$0 }
    var before = [Int?](repeating: nil, count: capacities.count)
    for _ in capacities.indices {
      var hasChanged = false
      for group in capacities.indices where !members[group].isEmpty {
        for other in capacities.indices where other != group {
          let loss = losses[group] + moves[group][other].loss
          // A tolerance keeps rounding from making a cycle.
          if loss < losses[other] - 1e-12 * max(1, abs(losses[other])) {
            (losses[other], before[other], hasChanged) = (loss, group, true)
          }
        }
      }
      if !hasChanged { break }
    }
    var end: Int?
    for group in capacities.indices where members[group].count < capacities[group] {
      if end.map({ losses[group] < losses[$0] }) ?? true { end = group }
    }
    guard var place = end else { return nil }
    var path = [place]
    while let previous = before[place], path.count <= capacities.count {
      path.append(previous)
      place = previous
    }
    return path.reversed()
  }
}
