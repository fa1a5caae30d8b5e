internal import Tensors

extension TensorPlacement {
  /// Checks owners against the tensor, its owner map and the units.
  ///
  /// - Parameter find: returns the tensor with a name.
  ///
  /// Throws `PlanError.outOfRange`.
  func checkOwners(unitCount: Int, find: (TensorName) -> TensorPlacement?) throws(PlanError) {
    guard let owners else { return }
    let place = "tensor \(spec.name.quoted)"
    if let (expected, found) = owners.disagreement(with: spec, unitCount: unitCount) {
      throw .outOfRange(place: place, expected: expected, found: found)
    }
    let mapPlace = "\(place): its owner map \(owners.map.quoted)"
    guard let map = find(owners.map), owners.map != spec.name else {
      throw .outOfRange(place: mapPlace, expected: "another tensor of the file", found: "none")
    }
    guard map.spec.dtype == .u8, map.spec.shape == spec.shape else {
      throw .outOfRange(
        place: mapPlace, expected: "U8 \(spec.shape), an owner for each element",
        found: "\(map.spec.dtype.rawValue) \(map.spec.shape)")
    }
    guard map.cutDimensions.isEmpty, map.owners == nil, map.units.isEmpty else {
      throw .outOfRange(place: mapPlace, expected: "a whole tensor", found: "one that is cut itself")
    }
    // A task that reads the elements needs the map.
    guard !map.scope.isPrivate || map.scope.hasUsers(of: scope) else {
      throw .outOfRange(place: mapPlace, expected: "a tensor with the same users, or of all", found: "others")
    }
  }
}

extension Partition {
  /// The places of tensors that are owner maps of others, or tied to one.
  ///
  /// An extracted sub-network needs no map: its elements are selected already.
  public var ownerMaps: Set<Int> {
    func bytes(of name: TensorName) -> TensorName { ties[name] ?? name }
    let names = Set(tensors.compactMap { $0.owners.map { bytes(of: $0.map) } })
    if names.isEmpty { return [] }
    return Set(tensors.indices.filter { names.contains(bytes(of: tensors[$0].spec.name)) })
  }
}
