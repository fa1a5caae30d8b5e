public import Tensors

/// Makes the cuts of dimensions from their placements on a list of axes; equal placements are cut once.
public struct DimensionCutter: Sendable {
  /// The axes; their order is the order of one unit's parts.
  public let axes: [ChannelAxis]
  private let places: [AxisName: Int]
  private var known: [DimensionPlacement: DimensionCut] = [:]

  /// A cutter for these axes; throws `PlanError.nameTwice` if two have the same name.
  public init(axes: [ChannelAxis]) throws(PlanError) {
    var places: [AxisName: Int] = [:]
    for (index, axis) in axes.enumerated() {
      if places.updateValue(index, forKey: axis.name) != nil {
        throw .nameTwice(place: "axes", name: axis.name.text)
      }
    }
    self.axes = axes
    self.places = places
  }

  /// The axis with this name.
  public func axis(_ name: AxisName) -> ChannelAxis? { places[name].map { axes[$0] } }

  /// The cut of a tensor's dimension; nil if the dimension stays whole.
  ///
  /// A compact dimension stays whole, and so does a dimension whose positions are all common. Throws
  /// `PlanError.unknownAxis`, `.sizeDisagrees` or `.cutTooFine`.
  public mutating func cut(
    _ placement: DimensionPlacement, tensor: TensorName, dimension: Int, size: Int
  ) throws(PlanError) -> DimensionCut? {
    switch placement {
    case .whole: return nil
    case .compact(let use):
      _ = try positions(of: use, tensor: tensor, dimension: dimension, size: size)
      return nil
    case .axis, .concat: break
    }
    let cut: DimensionCut
    if let seen = known[placement] {
      cut = seen
    } else {
      cut = DimensionCut(runs: try runs(placement, tensor: tensor, dimension: dimension, size: size))
      known[placement] = cut
    }
    if cut.size != size {
      throw .sizeDisagrees(
        tensor: tensor, dimension: dimension, axis: placement.summary, expected: cut.size, found: size)
    }
    return cut.isCommon ? nil : cut
  }

  private func runs(
    _ placement: DimensionPlacement, tensor: TensorName, dimension: Int, size: Int
  ) throws(PlanError) -> [(part: DimensionPart, order: Int, length: Int)] {
    let parts: [ConcatPart]
    switch placement {
    case .axis(let use): parts = [.axis(use)]
    case .concat(let listed): parts = listed
    case .whole, .compact: parts = []
    }
    var runs: [(part: DimensionPart, order: Int, length: Int)] = []
    var left = size
    for part in parts {
      let taken: Int
      switch part {
      case .uncut(let size):
        taken = size
        if size >= 1 && size <= left { runs.append((.common, 0, size)) }
      case .axis(let use):
        taken = try positions(of: use, tensor: tensor, dimension: dimension, size: size)
        if taken <= left { try append(use, to: &runs, tensor: tensor, dimension: dimension) }
      }
      if taken < 1 || taken > left {
        // The error gives the sum of all parts, if it can be computed.
        throw .sizeDisagrees(
          tensor: tensor, dimension: dimension, axis: placement.summary, expected: total(of: parts),
          found: size)
      }
      left -= taken
    }
    return runs
  }

  private func append(
    _ use: AxisUse, to runs: inout [(part: DimensionPart, order: Int, length: Int)], tensor: TensorName,
    dimension: Int
  ) throws(PlanError) {
    guard let order = places[use.axis] else { return }
    let axis = axes[order]
    // An axis with one run still has one run, however often it is repeated.
    let (count, overflow) = axis.runs.count.multipliedReportingOverflow(
      by: axis.runs.count == 1 ? 1 : use.outer)
    guard !overflow, count <= DimensionCut.segmentLimit - min(runs.count, DimensionCut.segmentLimit) else {
      throw .cutTooFine(
        tensor: tensor, what: "runs on dimension \(dimension)", limit: DimensionCut.segmentLimit)
    }
    if axis.runs.count == 1, let run = axis.runs.first {
      runs.append((part(run, axis), order, run.channels.count * use.inner * use.outer))
      return
    }
    for _ in 0..<use.outer {
      for run in axis.runs { runs.append((part(run, axis), order, run.channels.count * use.inner)) }
    }
  }

  private func part(_ run: ChannelRun, _ axis: ChannelAxis) -> DimensionPart {
    run.unit.map { .unit($0, axis: axis.name) } ?? .common
  }

  /// The number of positions of all channels of an axis; throws if the axis is unknown or the number overflows.
  private func positions(
    of use: AxisUse, tensor: TensorName, dimension: Int, size: Int
  ) throws(PlanError) -> Int {
    guard let axis = axis(use.axis) else {
      throw .unknownAxis(
        place: "tensor \(tensor.quoted), dimension \(dimension)", name: use.axis,
        nearest: nearestName(to: use.axis.text, among: axes.lazy.map(\.name.text)))
    }
    guard let positions = use.positions(channels: axis.size) else {
      throw .outOfRange(
        place: "tensor \(tensor.quoted), dimension \(dimension), axis \(use.axis.quoted)",
        expected: "inner and outer of at least 1 whose product with the size fits 63 bits",
        found: "inner \(use.inner), outer \(use.outer)")
    }
    return positions
  }

  private func total(of parts: [ConcatPart]) -> Int {
    var total = 0
    for part in parts {
      let next: Int
      switch part {
      case .uncut(let size): next = size
      case .axis(let use): next = axis(use.axis).flatMap { use.positions(channels: $0.size) } ?? Int.max
      }
      let (sum, overflow) = total.addingReportingOverflow(next)
      total = overflow ? Int.max : sum
    }
    return total
  }
}

extension DimensionPlacement {
  /// The axes as errors show them: `ffn3`, `gates × 4`, `a + 16 + b`.
  var summary: String {
    func text(_ use: AxisUse) -> String {
      (use.outer == 1 ? "" : "\(use.outer) × ") + use.axis.text + (use.inner == 1 ? "" : " × \(use.inner)")
    }
    switch self {
    case .whole: return "none"
    case .axis(let use): return text(use)
    case .compact(let use): return text(use) + " (compact)"
    case .concat(let parts):
      return parts.map { part in
        switch part {
        case .axis(let use): text(use)
        case .uncut(let size): String(size)
        }
      }.joined(separator: " + ")
    }
  }
}
