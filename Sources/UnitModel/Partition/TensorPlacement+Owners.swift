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
      throw .outOfRange(place: mapPlace, expected: "a whole tensor", found: "a cut tensor")
    }
    // A task that reads the elements needs the map.
    guard !map.scope.isPrivate || map.scope.hasUsers(of: scope) else {
      throw .outOfRange(
        place: mapPlace, expected: "a tensor with the same users, or a shared one", found: map.scope.owner)
    }
  }
}

extension TensorScope {
  /// The users in an error: "a tensor of task 'fine', level 2, and 3 more users".
  fileprivate var owner: String {
    guard let first = users.first else { return "a shared tensor" }
    let level = first.level.map { ", level \($0)" } ?? ""
    let more = users.count - 1
    return "a tensor of task \(first.task.quoted)\(level)"
      + (more == 0 ? "" : more == 1 ? ", and 1 more user" : ", and \(more) more users")
  }
}

extension Partition {
  /// The places of tensors that are owner maps of others, or are tied to one.
  ///
  /// An extracted sub-network needs no map, because its elements are already selected.
  public var ownerMaps: Set<Int> {
    func bytes(of name: TensorName) -> TensorName { ties[name] ?? name }
    let names = Set(tensors.compactMap { $0.owners.map { bytes(of: $0.map) } })
    if names.isEmpty { return [] }
    return Set(tensors.indices.filter { names.contains(bytes(of: tensors[$0].spec.name)) })
  }
}
