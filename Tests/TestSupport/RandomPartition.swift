package import Tensors
package import UnitModel

/// A random partition, and the owner of every position of every dimension, computed the slow way.
package struct RandomPartition {
  package let partition: Partition
  package let axes: [ChannelAxis]
  /// `truth[t][d][p]`: the owner of position p on dimension d of tensor t.
  package let truth: [[[Position]]]

  /// The owner of a position: common, or a unit on an axis.
  package struct Position: Hashable {
    package var unit: Int?
    package var axis: String?

    package init(unit: Int? = nil, axis: String? = nil) {
      self.unit = unit
      self.axis = axis
    }
  }

  /// - Parameters:
  ///   - dtype: the dtype of every tensor; packed elements often end inside a byte, and then this throws.
  ///   - scale: a factor for the number of positions of a dimension without an axis.
  ///   - width: positions that stay together: the elements of a block. Every tensor has a dimension if it is not 1.
  package init(seed: UInt64, dtype: DType = .f32, scale: Int = 1, width: Int = 1) throws {
    var generator = SeededGenerator(seed: seed)
    let unitCount = Int.random(in: 1...5, using: &generator)
    var axes: [ChannelAxis] = []
    var owners: [String: [Int?]] = [:]
    for index in 0..<3 {
      let (axis, channels) = try RandomPartition.axis(index, unitCount, width, &generator)
      axes.append(axis)
      owners[axis.name.text] = channels
    }
    var cutter = try DimensionCutter(axes: axes)
    var placements: [TensorPlacement] = []
    var truth: [[[Position]]] = []
    for index in 0..<5 {
      let rank = Int.random(in: width == 1 ? 0...3 : 1...3, using: &generator)
      var dimensions: [DimensionPlacement] = []
      var positions: [[Position]] = []
      for _ in 0..<rank {
        let (placement, listed) = RandomPartition.dimension(owners, scale, width, &generator)
        // Tensors stay small, because every element is visited; all kinds of dimensions still occur.
        if positions.reduce(listed.count, { $0 * max(1, $1.count) }) > 2000 * scale * min(width, 8) {
          continue
        }
        dimensions.append(placement)
        positions.append(listed)
      }
      let isCut = dimensions.contains { $0 != .whole }
      let isExpert = !dimensions.isEmpty && Int.random(in: 0..<(isCut ? 4 : 2), using: &generator) == 0
      let scope = TensorScope(users: Bool.random(using: &generator) || index < 3 ? [] : [.init(task: "a")])
      placements.append(
        try TensorPlacement(
          spec: TensorSpec(name: TensorName("t\(index)"), dtype: dtype, shape: positions.map(\.count)),
          scope: scope,
          dimensions: dimensions, units: isExpert ? UnitSet([UnitID(unitCount - 1)]) : UnitSet(),
          cutter: &cutter))
      truth.append(positions)
    }
    partition = try Partition(unitCount: unitCount, axes: axes, tensors: placements)
    self.axes = axes
    self.truth = truth
  }

  private static func axis(
    _ index: Int, _ unitCount: Int, _ width: Int, _ generator: inout SeededGenerator
  ) throws -> (ChannelAxis, [Int?]) {
    let name = AxisName("axis\(index)")
    let granule = width * ([1, 1, 1, 2].randomElement(using: &generator) ?? 1)
    let granules = Int.random(in: 1...6, using: &generator)
    let size = granule * granules
    // Every granule gets an owner, so units are unequal, scattered, sometimes of one channel, sometimes empty.
    var owners: [Int?] = []
    for _ in 0..<granules {
      let owner = Int.random(in: -1..<unitCount, using: &generator)
      owners += [Int?](repeating: owner < 0 ? nil : owner, count: granule)
    }
    if index == 0 {
      // The rule for equal units, implemented a second time: the first r get q + 1.
      let quotient = granules / unitCount
      let remainder = granules % unitCount
      owners = []
      for unit in 0..<unitCount {
        let count = (quotient + (unit < remainder ? 1 : 0)) * granule
        owners += [Int?](repeating: quotient == 0 ? nil : unit, count: count)
      }
      return (try .equal(name: name, size: size, unitCount: unitCount, granule: granule), owners)
    }
    func ranges(_ wanted: Int?) -> ChannelRanges {
      ChannelRanges(ascending: owners.indices.filter { owners[$0] == wanted }.map { $0..<($0 + 1) })
        ?? ChannelRanges()
    }
    let axis = try ChannelAxis(
      name: name, size: size, units: (0..<unitCount).map { ranges($0) }, common: ranges(nil), granule: granule
    )
    return (axis, owners)
  }

  private static func dimension(
    _ owners: [String: [Int?]], _ scale: Int, _ width: Int, _ generator: inout SeededGenerator
  ) -> (DimensionPlacement, [Position]) {
    func use() -> (AxisUse, [Position]) {
      let name = owners.keys.sorted().randomElement(using: &generator) ?? ""
      let channels = owners[name] ?? []
      let inner = Int.random(in: 1...2, using: &generator)
      let outer = Int.random(in: 1...2, using: &generator)
      // position = (o′ · size + channel) · inner + i′, inverted.
      let positions = (0..<(channels.count * inner * outer)).map { position in
        let unit = channels[position / inner % channels.count]
        return Position(unit: unit, axis: unit == nil ? nil : name)
      }
      return (AxisUse(AxisName(name), inner: inner, outer: outer), positions)
    }
    switch Int.random(in: 0..<4, using: &generator) {
    case 0:
      let size =
        Int.random(in: 0...9, using: &generator) == 0
        ? 0 : width * scale * Int.random(in: 1...4, using: &generator)
      return (.whole, [Position](repeating: Position(), count: size))
    case 1:
      let (first, one) = use()
      let (second, two) = use()
      return (
        .concat([.axis(first), .uncut(size: 2 * width), .axis(second)]),
        one + [Position](repeating: Position(), count: 2 * width) + two
      )
    default:
      let (use, positions) = use()
      return (.axis(use), positions)
    }
  }
}

/// Every index of a shape, in C order.
package func indexes(of shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
}
