internal import ONNXGraph

/// Decision trees, checked: every walk from a root ends at a leaf.
struct DecisionForest {
  enum Comparison {
    case lessOrEqual, less, greaterOrEqual, greater, equal, notEqual
    /// Whether the feature is in the set with this number.
    case member(Int)
  }

  /// A node that compares a feature of a sample.
  struct Branch {
    let comparison: Comparison
    let feature: Int
    let threshold: Double
    /// Whether NaN goes the way of true. It goes one of the two ways in any comparison.
    let takesTrueIfMissing: Bool
    let ifTrue: Place
    let ifFalse: Place
  }

  enum Place {
    case branch(Int)
    case leaf(Int)
  }

  /// What a leaf adds to a target.
  struct Vote {
    let target: Int
    let weight: Double
  }

  /// The bytes that building a forest needs for each node and for each vote, with its lists and dictionary.
  static let bytesPerItem = 256

  let branches: [Branch]
  /// The sets of `Comparison.member`.
  let sets: [Set<Double>]
  /// The votes, in the order of their leaves, and where each leaf's votes begin.
  let votes: [Vote]
  let starts: [Int]
  let roots: [Place]
  /// The most comparisons and votes of one sample.
  let cost: Int

  /// - Parameters:
  ///   - leaves: the number of leaves, whose numbers were checked.
  ///   - votes: the votes with the numbers of their leaves.
  init(
    branches: [Branch], sets: [Set<Double>] = [], leaves: Int, votes: [(leaf: Int, vote: Vote)],
    roots: [Place],
    features: Int, targets: Int
  ) throws(OperatorError) {
    for branch in branches where branch.feature < 0 || branch.feature >= features {
      throw OperatorError("features of 0 to \(features - 1)", found: "\(branch.feature)")
    }
    for (_, vote) in votes where vote.target < 0 || vote.target >= targets {
      throw OperatorError("targets of 0 to \(targets - 1)", found: "\(vote.target)")
    }
    var counts = [Int](repeating: 0, count: leaves + 1)
    for (leaf, _) in votes { counts[leaf + 1] += 1 }
    let most = counts.max() ?? 0
    for leaf in 0..<leaves { counts[leaf + 1] += counts[leaf] }
    var next = counts
    var sorted = [Vote](repeating: Vote(target: 0, weight: 0), count: votes.count)
    for (leaf, vote) in votes {
      sorted[next[leaf]] = vote
      next[leaf] += 1
    }
    self.branches = branches
    self.sets = sets
    self.votes = sorted
    starts = counts
    self.roots = roots
    let heights = try Self.heights(branches)
    cost = roots.reduce(1) { sum, root in
      if case .branch(let number) = root { sum &+ heights[number] &+ most } else { sum &+ most }
    }
  }

  /// The votes of the leaf that a sample reaches from a root.
  func votes(from root: Place, _ sample: UnsafePointer<Double>) -> ArraySlice<Vote> {
    var place = root
    while true {
      switch place {
      case .leaf(let leaf): return votes[starts[leaf]..<starts[leaf + 1]]
      case .branch(let number):
        let branch = branches[number]
        place = holds(branch, sample[branch.feature]) ? branch.ifTrue : branch.ifFalse
      }
    }
  }

  private func holds(_ branch: Branch, _ x: Double) -> Bool {
    if x.isNaN { return branch.takesTrueIfMissing }
    return switch branch.comparison {
    case .lessOrEqual: x <= branch.threshold
    case .less: x < branch.threshold
    case .greaterOrEqual: x >= branch.threshold
    case .greater: x > branch.threshold
    case .equal: x == branch.threshold
    case .notEqual: x != branch.threshold
    case .member(let number): sets[number].contains(x)
    }
  }

  /// The number of comparisons to the farthest leaf below each branch; throws if a branch is below itself. Two branches
  /// may share one below them.
  private static func heights(_ branches: [Branch]) throws(OperatorError) -> [Int] {
    let (unknown, open) = (-1, -2)
    var heights = [Int](repeating: unknown, count: branches.count)
    for start in branches.indices {
      var stack = [start]
      while let top = stack.last {
        if heights[top] >= 0 {
          stack.removeLast()
          continue
        }
        let isOpen = heights[top] == open
        heights[top] = open
        var height = 1
        for case .branch(let below) in [branches[top].ifTrue, branches[top].ifFalse] {
          if isOpen {
            height = max(height, heights[below] + 1)
          } else if heights[below] == open {
            throw OperatorError("trees", found: "a node below itself")
          } else if heights[below] == unknown {
            stack.append(below)
          }
        }
        if isOpen { heights[top] = height }
      }
    }
    return heights
  }
}
