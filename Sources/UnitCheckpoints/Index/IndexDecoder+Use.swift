internal import Tensors
internal import UnitModel

// How networks use tensors: owners, orders of channels, names and masks.
extension IndexDecoder {
  mutating func decodeOwners() throws(CheckpointError) {
    var last = (-1, -1)
    for (number, row) in tables.owned.enumerated() {
      let (tensor, map, owner) = (Int(row.tensor), Int(row.map), Int(row.unit) + 1)
      let expected = "a unit of a tensor, after that of the row before"
      guard tensor < tensors.count, map < tensors.count, map != tensor,
        (0...ElementOwners.unitLimit).contains(owner),
        last < (tensor, owner), let elements = Int(exactly: row.elements), elements > 0
      else { throw broken(.ownerMap, .owned, row: number, expected, "tensor \(tensor), unit \(row.unit)") }
      last = (tensor, owner)
      guard let found = tensors[tensor] else { continue }
      guard found.tiedTo == nil, !found.isCut, found.units.isEmpty, let width = found.spec.dtype.bytes,
        width > 0, found.spec.dtype != .f8E8M0, (found.owners?.map ?? map) == map
      else {
        throw broken(
          .ownerMap, .owned, row: number, "a tensor of whole bytes with its data, no cut and one map",
          "\(found.spec.name.quoted)")
      }
      var owners = found.owners ?? IndexedOwners(map: map, counts: [])
      owners.counts.append(.init(owner: owner, elements: elements))
      tensors[tensor]?.owners = owners
    }
    for (number, tensor) in tensors.enumerated() {
      guard let tensor, let owners = tensor.owners else { continue }
      try checkMap(of: tensor, owners, number)
    }
  }

  private mutating func checkMap(
    of tensor: IndexedTensor, _ owners: IndexedOwners, _ number: Int
  ) throws(CheckpointError) {
    var left = tensor.spec.elementCount
    for count in owners.counts { left -= min(count.elements, left + 1) }
    guard left == 0 else {
      return try log.note(
        broken(
          .ownerMap, .tensors, row: number, "owners of \(tensor.spec.elementCount) elements together",
          left < 0 ? "more" : "\(tensor.spec.elementCount - left)"))
    }
    // A tied map has the elements of another tensor; that tensor may itself have owners.
    guard let named = tensors[owners.map] else { return }
    guard let map = named.tiedTo.map({ tensors[$0] }) ?? named else { return }
    guard map.spec.dtype == .u8, map.spec.shape == tensor.spec.shape, map.owners == nil, !map.isCut,
      map.units.isEmpty, isIn(scope: map.scope, of: tensor.scope)
    else {
      return try log.note(
        broken(
          .ownerMap, .tensors, row: number,
          "an owner map that is a whole tensor of U8 \(tensor.spec.shape) with the same users",
          "\(map.spec.name.quoted): \(map.spec.dtype.rawValue) \(map.spec.shape)"))
    }
  }

  /// Whether every network of the scope `other` has the tensors of `scope`.
  private mutating func isIn(scope: Int?, of other: Int?) -> Bool {
    guard let scope else { return true }
    guard let other else { return false }
    if scope == other { return true }
    if let known = knownScopes[[scope, other]] { return known }
    let isIn = Set(index.scopes[other]).isSubset(of: index.scopes[scope])
    knownScopes[[scope, other]] = isIn
    return isIn
  }

  mutating func decodeReorderings() throws(CheckpointError) {
    var last = (-1, -1)
    for (number, row) in tables.reordered.enumerated() {
      let (tensor, dimension, axis) = (Int(row.tensor), Int(row.dimension), Int(row.axis))
      guard tensor < tensors.count, axis < index.axes.count, last < (tensor, dimension),
        let inner = Int(exactly: row.inner), let outer = Int(exactly: row.outer), inner > 0, outer > 0
      else {
        throw broken(
          .reordering, .reordered, row: number, "a dimension after that of the row before, and its axis",
          "tensor \(tensor), dimension \(dimension), axis \(axis)")
      }
      last = (tensor, dimension)
      guard let found = tensors[tensor] else { continue }
      guard found.spec.shape.indices.contains(dimension), found.cuts[dimension] == nil else {
        throw broken(
          .reordering, .reordered, row: number, "a dimension that is not cut",
          "dimension \(dimension) of \(found.spec.name.quoted)")
      }
      tensors[tensor]?.reordered.append(
        IndexedReordering(dimension: dimension, axis: axis, inner: inner, outer: outer))
    }
  }

  mutating func decodeViews() throws(CheckpointError) {
    var last = (tensor: -1, end: 0)
    let taskOfNetwork = index.tasks.enumerated().flatMap { number, task in
      [Int](repeating: number, count: task.networks.count)
    }
    for (number, row) in tables.views.enumerated() {
      let tensor = Int(row.tensor)
      let rows = try range(
        row.networks, of: .networks, index.networks.count, for: .views, row: number)
      guard tensor < tensors.count, !rows.isEmpty,
        tensor > last.tensor || (tensor == last.tensor && rows.lowerBound >= last.end),
        taskOfNetwork[rows.lowerBound] == taskOfNetwork[rows.upperBound - 1],
        row.mask >= -1, Int(row.mask) < tensors.count, Int(row.mask) != tensor
      else {
        throw broken(
          .view, .views, row: number, "networks of one task, after those of the row before, and a mask",
          "tensor \(tensor), networks from \(row.networks.first), mask \(row.mask)")
      }
      last = (tensor, rows.upperBound)
      var name: TensorName?
      if row.name != -1 {
        name = TensorName(
          try names.name(at: UInt32(bitPattern: row.name), isShared: true, for: .views, row: number))
      }
      guard let found = tensors[tensor] else { continue }
      guard index.has(rows, inScope: found.scope) else {
        throw broken(
          .view, .views, row: number, "networks that have \(found.spec.name.quoted)", "one that does not")
      }
      let mask = row.mask < 0 ? nil : Int(row.mask)
      if let mask { try checkMask(mask, of: found, rows, row: number) }
      index.views[tensor, default: []].append(IndexedView(networks: rows, name: name, mask: mask))
    }
  }

  private func checkMask(
    _ number: Int, of tensor: IndexedTensor, _ networks: Range<Int>, row: Int
  ) throws(CheckpointError) {
    guard let named = tensors[number] else { return }
    guard let mask = named.tiedTo.map({ tensors[$0] }) ?? named else { return }
    guard [.u8, .bool].contains(mask.spec.dtype), mask.spec.shape == tensor.spec.shape, !mask.isCut,
      mask.units.isEmpty, mask.owners == nil, !tensor.isCut, tensor.units.isEmpty, tensor.owners == nil,
      tensor.spec.dtype.bytes != nil, tensor.spec.dtype != .f8E8M0,
      index.has(networks, inScope: mask.scope)
    else {
      throw broken(
        .view, .views, row: row,
        "a whole mask of U8 or BOOL \(tensor.spec.shape) on a tensor that is not cut",
        "\(mask.spec.name.quoted): \(mask.spec.dtype.rawValue) \(mask.spec.shape)")
    }
  }
}
