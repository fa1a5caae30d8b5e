package import Tensors
package import UnitModel

/// The decoded index of a unit checkpoint, checked against itself.
///
/// Every row to which a number refers exists, and all sizes agree, so the rest of the program can index without checks.
package struct CheckpointIndex: Sendable, Equatable {
  /// The tensors in flat order.
  package internal(set) var tensors: [IndexedTensor] = []
  package internal(set) var cuts: [IndexedCut] = []
  package internal(set) var axes: [IndexedAxis] = []
  package internal(set) var tasks: [IndexedTask] = []
  package internal(set) var networks: [IndexedNetwork] = []
  /// For each scope, the rows of its networks, ascending.
  package internal(set) var scopes: [[Int]] = []
  /// For each tensor with other names or masks in some networks, these views; ascending.
  package internal(set) var views: [Int: [IndexedView]] = [:]

  /// The cut dimensions of a tensor with their cuts, ascending.
  package func cuts(of tensor: IndexedTensor) -> [(dimension: Int, cut: IndexedCut)] {
    tensor.cuts.enumerated().compactMap { dimension, cut in cut.map { (dimension, cuts[$0.cut]) } }
  }

  /// The row of the tensor with the bytes of row `number`: the row itself, or the row that it is tied to.
  package func stored(_ number: Int) -> Int { tensors[number].tiedTo ?? number }

  /// The other name or the mask of a tensor in a network; nil if it has its own name and no mask.
  package func view(of number: Int, in network: Int) -> IndexedView? {
    guard let list = views[number] else { return nil }
    // Views ascend and do not overlap.
    let place = list.partitionPoint { $0.networks.upperBound <= network }
    return place < list.count && list[place].networks.contains(network) ? list[place] : nil
  }

  /// Whether all of `networks` have the tensors of a scope; nil means the scope of all networks.
  package func has(_ networks: Range<Int>, inScope scope: Int?) -> Bool {
    guard let scope else { return true }
    // The list ascends, so consecutive networks are also consecutive in the list.
    let list = scopes[scope]
    let place = list.partitionPoint { $0 < networks.lowerBound }
    return networks.isEmpty
      || (place < list.count && list[place] == networks.lowerBound && networks.count <= list.count - place
        && list[place + networks.count - 1] == networks.upperBound - 1)
  }

  /// The row of a (task, level); nil if there is none.
  package func network(task: TaskID, level: LevelNumber) -> Int? {
    guard let found = tasks.first(where: { $0.task == task }),
      level.value >= 1, level.value <= found.networks.count
    else { return nil }
    return found.networks.lowerBound + level.value - 1
  }
}

/// One tensor of the flat weights.
package struct IndexedTensor: Sendable, Equatable {
  package let spec: TensorSpec
  /// The row of the tensor whose bytes it shares; nil if it is not tied.
  package let tiedTo: Int?
  /// A row of `CheckpointIndex.scopes`; nil for a tensor that every network has.
  package let scope: Int?
  /// SHA-256 of the logical bytes.
  package internal(set) var digest: SHA256Digest
  /// The cut of each dimension; nil for a dimension that is not cut.
  package let cuts: [TensorCut?]
  /// The units that the tensor itself belongs to, ascending.
  package let units: [Int]
  /// The owners of the elements; nil for a tensor whose elements have no owners.
  package internal(set) var owners: IndexedOwners?
  /// The dimensions whose channels are stored in a task's order of units.
  package internal(set) var reordered: [IndexedReordering] = []

  /// Whether its data are a dataset of their own, in the tensor's shape.
  package var isWhole: Bool {
    tiedTo == nil && scope == nil && units.isEmpty && owners == nil && !isCut
  }

  /// Whether a dimension is cut.
  package var isCut: Bool { cuts.contains { $0 != nil } }
}

/// The cut of a dimension, and the channel axes in that dimension.
package struct TensorCut: Hashable, Sendable {
  /// A row of `CheckpointIndex.cuts`.
  package let cut: Int
  /// For each slot of the cut, a row of `CheckpointIndex.axes`.
  package let axes: [Int]
}

/// Positions of one unit on one of a dimension's axes, or common positions.
package struct CutPart: Hashable, Sendable, Comparable {
  /// The number of the unit; −1 for common positions.
  package let unit: Int
  package let slot: Int

  package static func < (a: Self, b: Self) -> Bool { (a.unit, a.slot) < (b.unit, b.slot) }
}

/// The cut of a dimension into parts.
package struct IndexedCut: Sendable, Equatable {
  /// The parts, ascending.
  package let parts: [CutPart]
  /// The number of positions of each part.
  package let partSizes: [Int]
  /// Runs of neighbouring positions of one part; together they fill the dimension.
  package let segments: [Segment]
  package let size: Int

  /// A run of neighbouring positions of one part.
  package struct Segment: Hashable, Sendable {
    package let part: Int
    package let length: Int
  }

  /// The highest slot of a part, plus one.
  let slotCount: Int

  /// - Parameters:
  ///   - parts: the parts, ascending.
  ///   - segments: runs that fill `size` positions.
  init(parts: [CutPart], partSizes: [Int], segments: [Segment], size: Int) {
    self.parts = parts
    self.partSizes = partSizes
    self.segments = segments
    self.size = size
    slotCount = parts.reduce(0) { $1.unit < 0 ? $0 : max($0, $1.slot + 1) }
  }
}

/// A channel axis.
package struct IndexedAxis: Sendable, Equatable {
  package let name: AxisName
  /// A row of `CheckpointIndex.cuts`.
  package let cut: Int
}

/// A task and the rows of its networks.
package struct IndexedTask: Sendable, Equatable {
  package let task: TaskID
  package let networks: Range<Int>
}

/// The network of one (task, level).
package struct IndexedNetwork: Sendable, Equatable {
  package let levelName: String?
  /// The units in the order in which the task adds them.
  package let units: [Int]
  /// The units on each axis on which the task has its own order or levels.
  package internal(set) var axisUnits: [Int: [Int]] = [:]

  /// The units on an axis.
  package func units(on axis: Int?) -> [Int] { axis.flatMap { axisUnits[$0] } ?? units }
}

/// The name and the mask of a tensor in consecutive networks of one task.
package struct IndexedView: Sendable, Equatable {
  package let networks: Range<Int>
  /// The other name; nil for the tensor's own name.
  package let name: TensorName?
  /// The row of the mask; nil for none.
  package let mask: Int?
}

/// The owner map of a tensor, and the number of elements of each owner.
package struct IndexedOwners: Sendable, Equatable {
  /// The row of the map.
  package let map: Int
  /// Owners with at least one element, ascending.
  package internal(set) var counts: [Count]

  /// Owner 0 means free elements; owner u + 1 means unit u.
  package struct Count: Sendable, Equatable {
    package let owner: Int
    package let elements: Int
  }
}

/// A dimension whose channels are stored in the order in which a task adds its units.
package struct IndexedReordering: Sendable, Equatable {
  package let dimension: Int
  package let axis: Int
  package let inner: Int
  package let outer: Int
}

extension RandomAccessCollection where Index == Int {
  /// The first place at which `isBefore` is false. It must be true everywhere before this place, and false from it on.
  func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
