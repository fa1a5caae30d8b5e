internal import Tensors
internal import UnitModel

// Since 1.3: tensors whose elements are packed by an owner map.
extension IndexDecoder {
  /// The one block of a dataset that holds the elements of one owner; its coordinates are the row of the map, and the
  /// owner's number in it.
  mutating func decodeOwnedBlock(
    _ number: Int, coordinates range: Range<Int>, spec: TensorSpec, number tensor: Int, owner: DatasetOwner
  ) throws(CheckpointError) -> IndexedBlock {
    let row = tables.blocks[number]
    guard range.count == 2, let ownerNumber = owner.ownerNumber, ownerNumber <= ElementOwners.unitLimit,
      index.coordinates[range.lowerBound + 1] == ownerNumber
    else {
      throw broken(
        .blockCoordinates, .blocks, row: number, "the row of an owner map and the owner of its dataset",
        "\(index.coordinates[range].map(String.init).joined(separator: ", "))")
    }
    let map = index.coordinates[range.lowerBound]
    guard map < tables.tensors.count, map != tensor, (tensors[tensor]?.ownerMap ?? map) == map else {
      throw broken(
        .ownerMap, .blocks, row: number, "the same owner map for all elements of a tensor", "row \(map)")
    }
    guard let width = spec.dtype.bytes, row.offset == 0, row.bytes > 0, row.bytes % UInt64(width) == 0,
      row.bytes <= UInt64(spec.byteCount)
    else {
      throw broken(
        .blockExtent, .blocks, row: number, "elements of \(spec.dtype.rawValue) from 0",
        "\(row.bytes) bytes at \(row.offset)")
    }
    tensors[tensor]?.ownerMap = map
    return IndexedBlock(offset: 0, byteCount: Int(row.bytes), checksum: row.xxh3, coordinates: range)
  }

  /// Every owner map is a whole tensor of U8 with the shape of the tensor that it is about.
  mutating func checkOwnerMaps() throws(CheckpointError) {
    for (number, tensor) in tensors.enumerated() {
      guard let tensor, let place = tensor.ownerMap, let named = tensors[place] else { continue }
      let map = named.tiedTo.flatMap { tensors[$0] } ?? named
      let isWhole = map.datasets.contains {
        index.datasets.indices.contains($0) && index.datasets[$0].owner.isWhole
      }
      guard map.spec.dtype == .u8, map.spec.shape == tensor.spec.shape, map.ownerMap == nil, isWhole else {
        try log.note(
          broken(
            .ownerMap, .tensors, row: number,
            "an owner map that is a whole tensor of U8 \(tensor.spec.shape)",
            "\(map.spec.name.quoted): \(map.spec.dtype.rawValue) \(map.spec.shape)"))
        continue
      }
    }
  }
}
