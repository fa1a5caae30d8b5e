public import Tensors

/// The placement of one tensor in a partition: its cut, and the tasks that use it.
public struct TensorPlacement: Hashable, Sendable {
  /// Name, dtype and shape of the flat tensor.
  public let spec: TensorSpec
  /// The tasks and levels that use the tensor.
  public let scope: TensorScope
  /// The placement of each dimension on the axes.
  public let dimensions: [DimensionPlacement]
  /// The cut of each dimension; nil if it is whole or compact, or if all its positions are common.
  public let cuts: [DimensionCut?]
  /// The units that the tensor itself belongs to (an expert), ascending; every block has them, too. Empty for most.
  public let units: [UnitID]
  /// The order of the channels on compact dimensions.
  public let featureOrder: FeatureOrder
  /// The dimensions that are cut, ascending.
  public let cutDimensions: [Int]
  /// The owner of each element, if elements are assigned one by one; then the tensor has no cuts.
  public let owners: ElementOwners?
  /// The name, in a task, of the mask that removes elements of this tensor; nil if there is none.
  public let mask: TensorName?

  /// The order of the channels on a compact dimension.
  public enum FeatureOrder: String, Hashable, Sendable, CaseIterable {
    /// By flat channel number.
    case ascending
    /// Common channels, then unit by unit in the task's order.
    case task
  }

  /// The most blocks of one tensor.
  public static let blockLimit = 1 << 20

  /// A placement whose dimensions agree with the tensor's shape.
  ///
  /// `dimensions` has an entry for each dimension, or is empty for a tensor without cuts. Throws `PlanError.rankDisagrees`, `.sizeDisagrees`, `.unknownAxis`, `.byteDivided`, `.cutTooFine` or
  /// `.keysExclude`. Sizes of compact dimensions depend on the levels, so `Assignment.check` checks them; `Partition`
  /// checks owners and masks.
  public init(
    spec: TensorSpec, scope: TensorScope = .shared, dimensions: [DimensionPlacement] = [],
    units: UnitSet = UnitSet(), owners: ElementOwners? = nil, mask: TensorName? = nil,
    featureOrder: FeatureOrder = .ascending, cutter: inout DimensionCutter
  ) throws(PlanError) {
    let dimensions =
      dimensions.isEmpty ? [DimensionPlacement](repeating: .whole, count: spec.shape.count) : dimensions
    guard dimensions.count == spec.shape.count else {
      throw .rankDisagrees(tensor: spec.name, expected: dimensions.count, shape: spec.shape)
    }
    if owners != nil, mask != nil {
      throw .keysExclude(place: "tensor \(spec.name.quoted)", first: "owners", second: "mask")
    }
    for (key, isThere) in [("owners", owners != nil), ("mask", mask != nil)] where isThere {
      let other = !units.isEmpty ? "units" : dimensions.contains { $0 != .whole } ? "axes" : nil
      if let other { throw .keysExclude(place: "tensor \(spec.name.quoted)", first: key, second: other) }
    }
    var cuts: [DimensionCut?] = []
    cuts.reserveCapacity(dimensions.count)
    var cutDimensions: [Int] = []
    var blocks = 1
    for (index, dimension) in dimensions.enumerated() {
      let cut = try cutter.cut(dimension, tensor: spec.name, dimension: index, size: spec.shape[index])
      cuts.append(cut)
      guard let cut else { continue }
      cutDimensions.append(index)
      let (product, overflow) = blocks.multipliedReportingOverflow(by: cut.parts.count)
      if overflow || product > TensorPlacement.blockLimit {
        throw .cutTooFine(tensor: spec.name, what: "blocks", limit: TensorPlacement.blockLimit)
      }
      blocks = product
    }
    self.spec = spec
    self.scope = scope
    self.dimensions = dimensions
    self.cuts = cuts
    self.units = units.ascending
    self.featureOrder = featureOrder
    self.cutDimensions = cutDimensions
    self.owners = owners
    self.mask = mask
    try checkBlockBoundaries()
  }

  /// Whether the tensor is stored as in a flat file: in one block, in its own order.
  public var isWhole: Bool { owners == nil && cutDimensions.allSatisfy { (cuts[$0]?.parts.count ?? 1) == 1 } }

  /// The compact dimensions with their axis.
  public var compactDimensions: [(dimension: Int, use: AxisUse)] {
    dimensions.enumerated().compactMap { index, placement in
      if case .compact(let use) = placement { (index, use) } else { nil }
    }
  }

  /// Elements that share bytes may only be cut between two of the dtype's blocks, in every run of every part.
  private func checkBlockBoundaries() throws(PlanError) {
    guard spec.dtype.bytes == nil, spec.elementCount > 0,
      let last = cutDimensions.last(where: { (cuts[$0]?.parts.count ?? 1) > 1 }), let cut = cuts[last]
    else { return }
    // Runs begin and end at row · extent + position of the innermost cut dimension, times the number of elements
    // inside. Only the rest of a division by a block's elements matters.
    let block = spec.dtype.block.elements
    let inner = spec.shape[(last + 1)...].reduce(1) { $0 * ($1 % block) % block }
    var position = 0
    var whole = inner * (cut.size % block) % block == 0
    for segment in cut.segments.dropLast() where whole {
      position += segment.length
      whole = inner * (position % block) % block == 0
    }
    if !whole { throw .byteDivided(tensor: spec.name, dtype: spec.dtype, dimension: last) }
  }
}
