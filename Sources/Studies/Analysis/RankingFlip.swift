internal import Accounting

/// Two points of one task whose order by parameters changes under another policy.
public struct RankingFlip: Hashable, Sendable {
  /// The index of the policy with this order: the common one, or the first under which both have a number.
  public let reference: Int
  /// The index of the point that is smaller under that policy.
  public let smaller: Int
  /// The index of the point that is larger.
  public let larger: Int
  /// The indices of the policies that reverse the order.
  public let policies: [Int]
  /// Whether the two budgets match under the reference policy: then neither point wins by its size.
  public let isMatched: Bool
  /// Whether the smaller point is also at least as accurate, and the budgets do not match. Then the other policies
  /// reverse a win.
  public let overturnsWin: Bool

  static func find(_ points: [StudyPoint], _ policies: [CountingPolicy], tolerance: Double) -> [RankingFlip] {
    var flips: [RankingFlip] = []
    for smaller in points.indices {
      for larger in points.indices where smaller != larger {
        let (a, b) = (points[smaller], points[larger])
        guard a.result.task == b.result.task, a.result.method != b.result.method else { continue }
        // Numbers are compared only under the same policy.
        let known = policies.indices.compactMap { index -> (index: Int, smaller: Int, larger: Int)? in
          guard let p = a.parameters[index], let q = b.parameters[index] else { return nil }
          return (index, p, q)
        }
        guard let first = known.first, first.smaller < first.larger else { continue }
        let turned = known.filter { $0.smaller > $0.larger }.map(\.index)
        if turned.isEmpty { continue }
        let isMatched = Double(first.larger - first.smaller) <= tolerance * Double(first.larger)
        flips.append(
          RankingFlip(
            reference: first.index, smaller: smaller, larger: larger, policies: turned, isMatched: isMatched,
            overturnsWin: !isMatched && a.sample.mean >= b.sample.mean))
      }
    }
    return flips
  }
}
