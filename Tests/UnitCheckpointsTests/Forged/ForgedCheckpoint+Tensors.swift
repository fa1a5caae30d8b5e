@testable import UnitCheckpoints

// Cuts, networks and tensors.
extension ForgedCheckpoint {
  static let cuts = [
    ForgedCheckpoint(.cutSegment, "empty") { $0.tables.segments[0].length = 0 },
    ForgedCheckpoint(.cutSegment, "endless") { $0.tables.segments[1].length = .max },
    ForgedCheckpoint(.cutSegment, "longer than an axis may be") { $0.tables.segments[1].length = 1 << 40 },
    ForgedCheckpoint(.cutSegment, "of an impossible unit") { $0.tables.segments[1].unit = 1024 },
    ForgedCheckpoint(.cutSegment, "of a unit below none") { $0.tables.segments[1].unit = -2 },
    ForgedCheckpoint(.cutSegment, "common positions of an axis") {
      ($0.tables.segments[1].unit, $0.tables.segments[1].slot) = (-1, 1)
    },
    ForgedCheckpoint(.cutSegment, "two neighbours of one part") { $0.tables.segments[1].unit = 0 },
    ForgedCheckpoint(.cutSegment, "none at all") { forger in
      forger.tables.cuts.append(CutRow(segments: .none))
    },
    ForgedCheckpoint(.axis, "two of one name") { $0.tables.axes[1].name = $0.tables.axes[0].name },
    ForgedCheckpoint(.axis, "without a cut") { $0.tables.axes[1].cut = 2 },
    ForgedCheckpoint(.axis, "with the cut of two axes", .mixed) { forger in
      let cut = forger.tables.dimensions[
        Int(forger.tables.tensors[try forger.tensor("join")].dimensions.first) + 1
      ].cut
      forger.tables.axes[1].cut = UInt32(cut)
    },
    ForgedCheckpoint(.axis, "of a dimension, which is none") { forger in
      forger.tables.cutAxes[0] = 2
    },
    ForgedCheckpoint(.axis, "of a dimension, in descending order", .mixed) { forger in
      let dimension = forger.tables.dimensions[
        Int(forger.tables.tensors[try forger.tensor("join")].dimensions.first) + 1]
      let first = Int(dimension.firstAxis)
      forger.tables.cutAxes.swapAt(first, first + 1)
    },
    ForgedCheckpoint(.tensorBlocks, "three parts to the power of thirteen") { forger in
      try forger.reshape(
        "bias", [DimensionRow](repeating: DimensionRow(size: 8, cut: 0, firstAxis: 0), count: 13))
    },
  ]

  static let networks = [
    ForgedCheckpoint(.network, "two tasks of one name", .mixed) {
      $0.tables.tasks[1].name = $0.tables.tasks[0].name
    },
    ForgedCheckpoint(.network, "units of an axis for no network", .mixed) {
      $0.tables.axisUnits[2].network = 5
    },
    ForgedCheckpoint(.network, "units of no axis", .mixed) { $0.tables.axisUnits[0].axis = 2 },
    ForgedCheckpoint(.network, "units of an axis twice", .mixed) { $0.tables.axisUnits[1].network = 2 },
    ForgedCheckpoint(.network, "units of axes in another order", .mixed) { $0.tables.axisUnits.swapAt(0, 1) },
    ForgedCheckpoint(.scope, "a network that there is not", .mixed) { $0.tables.scopeNetworks[1] = 5 },
    ForgedCheckpoint(.scope, "networks that descend", .mixed) { $0.tables.scopeNetworks.swapAt(0, 1) },
    ForgedCheckpoint(.scope, "a network twice", .mixed) { $0.tables.scopeNetworks[1] = 0 },
    ForgedCheckpoint(.scope, "two of the same networks", .mixed) { forger in
      forger.tables.scopes.append(ScopeRow(networks: RowRange(forger.tables.scopeNetworks.count, 2)))
      forger.tables.scopeNetworks += [0, 1]
    },
    ForgedCheckpoint(.view, "of no tensor", .mixed) {
      $0.tables.views[$0.tables.views.count - 1].tensor = 99
    },
    ForgedCheckpoint(.view, "of no network", .mixed) { $0.tables.views[0].networks = .none },
    ForgedCheckpoint(.view, "of networks of two tasks", .mixed) {
      $0.tables.views[0].networks = RowRange(1, 2)
    },
    ForgedCheckpoint(.view, "twice for one network", .mixed) {
      $0.tables.views.insert($0.tables.views[0], at: 0)
    },
    ForgedCheckpoint(.view, "of a network that has not the tensor", .mixed) { forger in
      let row = try forger.view("head")
      forger.tables.views[row].networks = RowRange(2, 1)
    },
    ForgedCheckpoint(.view, "with a mask that is no tensor", .mixed) { forger in
      forger.tables.views[try forger.view("masked")].mask = 99
    },
    ForgedCheckpoint(.view, "with itself as a mask", .mixed) { forger in
      let row = try forger.view("masked")
      forger.tables.views[row].mask = Int32(forger.tables.views[row].tensor)
    },
    ForgedCheckpoint(.view, "with a mask of another shape", .mixed) { forger in
      let row = try forger.view("masked")
      forger.tables.views[row].mask = Int32(try forger.tensor("own.map"))
    },
    ForgedCheckpoint(.view, "with a mask that the network has not", .mixed) { forger in
      let row = try forger.view("masked")
      forger.tables.views[row].networks = RowRange(0, 2)
    },
  ]

  static let tensors = [
    ForgedCheckpoint(.tensorDType, "unknown") { try $0.tensor("bias") { $0.dtype = "F33" } },
    ForgedCheckpoint(.tensorDType, "none") { try $0.tensor("bias") { $0.dtype = "" } },
    ForgedCheckpoint(.tensorDimension, "of no cut") { try $0.dimension("bias", 0) { $0.cut = 7 } },
    ForgedCheckpoint(.tensorDimension, "below no cut") { try $0.dimension("bias", 0) { $0.cut = -2 } },
    ForgedCheckpoint(.tensorDimension, "longer than its cut") { try $0.dimension("bias", 0) { $0.size = 9 } },
    ForgedCheckpoint(.tensorDimension, "beyond counting") {
      try $0.dimension("head", 0) { $0.size = 1 << 63 }
    },
    ForgedCheckpoint(.tensorDimension, "cut inside a byte", .types) { forger in
      // Units of one, three and two rows.
      let rows = forger.tables.dimensions[
        Int(forger.tables.tensors[try forger.tensor("f4")].dimensions.first)]
      try forger.reshape("f4", [rows, DimensionRow(size: 1, cut: -1, firstAxis: 0)])
    },
    ForgedCheckpoint(.tensorShape, "too large") { try $0.dimension("conv.weight", 2) { $0.size = 1 << 60 } },
    ForgedCheckpoint(.tensorShape, "ends inside a byte", .types) {
      try $0.reshape("f4", [DimensionRow(size: 3, cut: -1, firstAxis: 0)])
    },
    ForgedCheckpoint(.tieTarget, "to itself") { try $0.tensor("conv.weight") { $0.tiedTo = 0 } },
    ForgedCheckpoint(.tieTarget, "to no tensor") { try $0.tensor("bias") { $0.tiedTo = 99 } },
    ForgedCheckpoint(.tieTarget, "below no tensor") { try $0.tensor("bias") { $0.tiedTo = -2 } },
    ForgedCheckpoint(.tieDisagrees, "of another shape", .mixed) { forger in
      let other = Int32(try forger.tensor("own"))
      try forger.tensor("w.twin") { $0.tiedTo = other }
    },
    ForgedCheckpoint(.tieDisagrees, "to a tensor that is tied", .mixed) { forger in
      let other = Int32(try forger.tensor("plain.twin"))
      try forger.tensor("plain") { $0.tiedTo = other }
    },
    ForgedCheckpoint(.tieDisagrees, "of another digest", .mixed) {
      try $0.tensor("w.twin") { $0.sha256[0] ^= 1 }
    },
    ForgedCheckpoint(.tieDisagrees, "cut otherwise", .mixed) { forger in
      let first = forger.tables.dimensions[
        Int(forger.tables.tensors[try forger.tensor("w.twin")].dimensions.first)]
      try forger.reshape("w.twin", [first, DimensionRow(size: 5, cut: -1, firstAxis: 0)])
    },
    ForgedCheckpoint(.tieDisagrees, "of other users", .mixed) { forger in
      let scope = forger.tables.tensors[try forger.tensor("private")].scope
      try forger.tensor("plain.twin") { $0.scope = scope }
    },
    ForgedCheckpoint(.tieDisagrees, "in another order of channels", .mixed) { forger in
      forger.tables.reordered.removeLast()
    },
  ]
}

extension CheckpointForger {
  /// The first row of `views` about the tensor with this name.
  func view(_ name: String) throws -> Int {
    let number = try tensor(name)
    guard let row = tables.views.firstIndex(where: { Int($0.tensor) == number }) else {
      throw ForgingError.nothing(name)
    }
    return row
  }
}
