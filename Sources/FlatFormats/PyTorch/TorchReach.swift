internal import Pickle

/// From which values of a pickle a tensor can be reached.
///
/// The walk that names tensors goes only there. It may come to a value by several ways, since a dictionary that is
/// used twice gives its tensors two names; what holds no tensor must not be walked twice, or a few kilobytes of lists
/// within lists would be walked for ever.
struct TorchReach {
  /// By number of value: a tensor lies at or below it.
  private(set) var tensors: [Bool]
  /// The same without those that only an optimizer's state holds, and without arrays of NumPy's beside tensors.
  private(set) var weights: [Bool]
  /// The states of optimizers.
  private(set) var apart: [Bool]

  /// - Parameter isBeside: whether a leaf is no tensor of a model where there are others: an array of NumPy's.
  init(
    tree: PickleTree, edges: TorchEdges, isLeaf: (PickleRef) -> Bool, isBeside: (PickleRef) -> Bool,
    isApart: (PickleRef) -> Bool
  ) {
    var leaves: [Int32] = []
    var own: [Int32] = []
    var apart = [Bool](repeating: false, count: tree.count)
    var seen = [Bool](repeating: false, count: tree.count)
    var from: [Int32] = []
    var to: [Int32] = []
    var left = [tree.root]
    seen[tree.root.index] = true
    while let ref = left.popLast() {
      if isLeaf(ref) {
        leaves.append(Int32(ref.index))
        if !isBeside(ref) { own.append(Int32(ref.index)) }
        continue
      }
      if ref != tree.root, isApart(ref) { apart[ref.index] = true }
      for edge in edges.edges(ref) {
        from.append(Int32(ref.index))
        to.append(Int32(edge.target.index))
        if !seen[edge.target.index] {
          seen[edge.target.index] = true
          left.append(edge.target)
        }
      }
    }
    self.apart = apart
    let parents = Parents(count: tree.count, from: from, to: to)
    tensors = parents.above(leaves) { _ in false }
    weights = parents.above(own.isEmpty ? leaves : own) { apart[$0] }
  }

  /// For every value those that hold it.
  private struct Parents {
    private var starts: [Int32]
    private var members: [Int32]

    init(count: Int, from: [Int32], to: [Int32]) {
      starts = [Int32](repeating: 0, count: count + 1)
      for target in to { starts[Int(target) + 1] += 1 }
      for place in 0..<count { starts[place + 1] += starts[place] }
      var next = starts
      members = [Int32](repeating: 0, count: to.count)
      for (source, target) in zip(from, to) {
        members[Int(next[Int(target)])] = source
        next[Int(target)] += 1
      }
    }

    /// The leaves and everything above them, but for what `stops` and what is only above that.
    func above(_ leaves: [Int32], stops: (Int) -> Bool) -> [Bool] {
      var found = [Bool](repeating: false, count: starts.count - 1)
      var left = leaves
      for leaf in leaves { found[Int(leaf)] = true }
      while let value = left.popLast() {
        for place in starts[Int(value)]..<starts[Int(value) + 1] {
          let parent = Int(members[Int(place)])
          if found[parent] || stops(parent) { continue }
          found[parent] = true
          left.append(Int32(parent))
        }
      }
      return found
    }
  }
}
