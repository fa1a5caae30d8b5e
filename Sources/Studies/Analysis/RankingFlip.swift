internal import Accounting

/// Two points of one task whose order by parameters another policy turns round.
public struct RankingFlip: Hashable, Sendable {
  /// The point that is smaller under the common policy, and the one that is larger.
  public let smaller: Int
  /// The index of the larger one.
  public let larger: Int
  /// Indices of the policies under which it is the other way.
  public let policies: [Int]
  /// Whether the smaller one is also at least as accurate: then the other policy overturns a win.
  public let overturnsWin: Bool

  static func find(_ points: [StudyPoint], _ policies: [CountingPolicy]) -> [RankingFlip] {
    var flips: [RankingFlip] = []
    for smaller in points.indices {
      for larger in points.indices where smaller != larger {
        let (a, b) = (points[smaller], points[larger])
        guard a.result.task == b.result.task, a.result.method != b.result.method, let p = a.number,
          let q = b.number, p < q
        else { continue }
        let turned = policies.indices.dropFirst().filter { index in
          // A number that is only cited stands for itself under every policy it says nothing about.
          guard let theirs = a.parameters[index] ?? (a.row == nil ? p : nil),
            let ours = b.parameters[index] ?? (b.row == nil ? q : nil)
          else { return false }
          return theirs > ours
        }
        if turned.isEmpty { continue }
        flips.append(
          RankingFlip(
            smaller: smaller, larger: larger, policies: Array(turned),
            overturnsWin: a.sample.mean >= b.sample.mean))
      }
    }
    return flips
  }
}
