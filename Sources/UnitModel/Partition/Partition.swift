public import Tensors

/// A network cut into units: every channel axis with its cut, and every tensor with its placement on the axes.
public struct Partition: Hashable, Sendable {
  /// k, the number of units.
  public let unitCount: Int
  /// The channel axes. Their order is the order of a unit's parts on a concatenated dimension.
  public let axes: [ChannelAxis]
  /// Every tensor, in the order of the flat weights.
  public let tensors: [TensorPlacement]
  /// For each tied tensor, the name of the tensor whose bytes it shares; both are in `tensors`.
  public let ties: [TensorName: TensorName]

  /// The most units of a network.
  public static let unitLimit = 1024

  /// A partition. Its tensors have different names and use only its units; tied tensors have the same cut and scope.
  ///
  /// Throws `PlanError.outOfRange`, `.unitCountDisagrees`, `.nameTwice`, `.unitOutOfRange` or `.tiedApart`.
  public init(
    unitCount: Int, axes: [ChannelAxis], tensors: [TensorPlacement], ties: [TensorName: TensorName] = [:]
  ) throws(PlanError) {
    guard (1...Partition.unitLimit).contains(unitCount) else {
      throw .outOfRange(place: "units", expected: "1 to \(Partition.unitLimit) units", found: "\(unitCount)")
    }
    for axis in axes where axis.units.count != unitCount {
      throw .unitCountDisagrees(axis: axis.name, expected: unitCount, found: axis.units.count)
    }
    var places: [TensorName: Int] = [:]
    places.reserveCapacity(tensors.count)
    for (index, tensor) in tensors.enumerated() {
      if places.updateValue(index, forKey: tensor.spec.name) != nil {
        throw .nameTwice(place: "tensors", name: tensor.spec.name.text)
      }
      if let unit = tensor.units.last, unit.index >= unitCount {
        throw .unitOutOfRange(
          place: "tensor \(tensor.spec.name.quoted)", unit: unit.index, unitCount: unitCount)
      }
    }
    for tensor in tensors where tensor.owners != nil {
      try tensor.checkOwners(unitCount: unitCount) { places[$0].map { tensors[$0] } }
    }
    for (name, original) in ties.sorted(by: { $0.key < $1.key }) {
      guard let first = places[name].map({ tensors[$0] }), let second = places[original].map({ tensors[$0] })
      else {
        throw .tiedApart(tensor: name, original: original, what: "a name that is not among the tensors")
      }
      if let what = first.difference(tiedTo: second, ties: ties) {
        throw .tiedApart(tensor: name, original: original, what: what)
      }
    }
    try TaskMasks(tensors).check(ties: ties, places: places)
    self.unitCount = unitCount
    self.axes = axes
    self.tensors = tensors
    self.ties = ties
  }
}

extension TensorPlacement {
  /// The reason why two tensors cannot share their bytes: "F16 [8] instead of F32 [8]", "a different cut" or
  /// "different users"; nil if they can.
  ///
  /// - Parameter ties: the original of each tied tensor. Owner maps that are tied count as the same map.
  func difference(tiedTo other: TensorPlacement, ties: [TensorName: TensorName]) -> String? {
    if spec.dtype != other.spec.dtype || spec.shape != other.spec.shape {
      return
        "\(spec.dtype.rawValue) \(spec.shape) instead of \(other.spec.dtype.rawValue) \(other.spec.shape)"
    }
    if dimensions != other.dimensions || units != other.units || featureOrder != other.featureOrder
      || owners?.elements != other.owners?.elements
      || owners.map({ ties[$0.map] ?? $0.map }) != other.owners.map({ ties[$0.map] ?? $0.map })
    {
      return "a different cut"
    }
    // Tasks may have different names for the two tensors; ties exist for this.
    return scope.hasUsers(of: other.scope) ? nil : "different users"
  }
}
