package import Assigning
package import Inference
package import Planning
internal import SubNetworks
internal import TensorStreams
internal import Tensors
package import UnitModel

extension ProposedPlan {
  /// The plan with channels divided among the units by their scores for the tasks. The whole network computes the same,
  /// and the flat file stays as it is.
  package func regrouped(
    _ method: LearningMethod, of opened: OpenedFile, data: OpenedFile?, limits: RunLimits
  ) throws -> ProposedPlan {
    let learning = try Learning(
      opened, plan: (plan, resolved), data: data, samples: nil, seed: 1, method: method, limits: limits)
    let scores = try resolved.assignment.tasks.map { ($0, try learning.scores(method, of: $0.task)) }
    var orders: [AxisName: [Int]] = [:]
    for axis in resolved.partition.axes where !axis.isWhole {
      let known = scores.compactMap { task, scores in
        scores[axis.name].map { (task.axes.first { $0.axis == axis.name }?.order ?? task.order, $0) }
      }
      guard !known.isEmpty, Regrouping.canDivide(axis) else { continue }
      orders[axis.name] = Regrouping.channels(of: axis, known)
    }
    let plan = ChannelOrders(orders).applied(to: plan, resolved.partition.axes)
    let specs = resolved.partition.tensors.map(\.spec)
    let changed: ResolvedPlan
    do throws(PlanError) {
      changed = try plan.resolve(against: specs, ties: resolved.partition.ties)
      try resolved.requireNoPartialChannels(on: Set(orders.keys), changedIn: changed)
    } catch { throw PlanningError.plan(error) }
    try opened.network?.check(changed)
    let left = resolved.partition.axes.filter { !$0.isWhole && orders[$0.name] == nil }
    let words =
      "channels are divided among the units by \(method.rawValue): \(orders.count) "
      + (orders.count == 1 ? "axis" : "axes")
      + (left.first.map { axis in
        "; axis \(axis.name.quoted)" + (left.count > 1 ? " and \(left.count - 1) more" : "")
          + " stayed as before: no task has scores for its channels, or it has too many"
      } ?? "")
    return ProposedPlan(plan: plan, resolved: changed, words: self.words + [words])
  }
}
