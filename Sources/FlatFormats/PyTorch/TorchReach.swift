internal import Pickle

/// The values of a pickle from which a tensor can be reached.
///
/// The walk that names tensors visits only these. It may reach a value by several paths: a dictionary that is used
/// twice gives each of its tensors two names. A value without tensors must not be visited twice; otherwise a few
/// kilobytes of nested lists would take for ever.
struct TorchReach {
  /// For each value, by number, whether it is a tensor or contains one.
  private(set) var tensors: [Bool]
  /// The same, but without tensors that only an optimizer's state contains, and without NumPy arrays if there are other
  /// tensors.
  private(set) var weights: [Bool]
  /// The same, but only with tensors of two dimensions or more, and without those that only an optimizer's state
  /// contains.
  private(set) var matrices: [Bool]
  /// For each value, whether it is the state of an optimizer.
  private(set) var apart: [Bool]

  /// - Parameter isBeside: whether a leaf is a NumPy array, which counts as a weight only if there are no other
  ///   weights.
  /// - Parameter isMatrix: whether a leaf is known to have two dimensions or more.
  init(
    tree: PickleTree, edges: TorchEdges, isLeaf: (PickleRef) -> Bool, isBeside: (PickleRef) -> Bool,
    isMatrix: (PickleRef) -> Bool, isApart: (PickleRef) -> Bool
  ) {
    var leaves: [Int32] = []
    var own: [Int32] = []
    var large: [Int32] = []
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
        if isMatrix(ref) { large.append(Int32(ref.index)) }
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
    matrices = parents.above(large) { apart[$0] }
  }

  /// For each value, the values that contain it.
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

    /// The leaves and all values that contain them, except values that `stops` selects and values that contain only
    /// these.
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
