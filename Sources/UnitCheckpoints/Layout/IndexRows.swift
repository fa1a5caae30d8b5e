internal import HDF5Kit

/// A row of one of the index tables: how HDF5 describes it, how it is written and read.
protocol IndexRow {
  /// The members in order, without padding.
  static var members: [HDF5ElementType.Member] { get }
  func encode(into writer: inout ByteWriter)
  /// Reads one row; the cursor has been made from a whole number of rows.
  init(from cursor: inout ByteCursor)
}

extension IndexRow {
  static var elementType: HDF5ElementType { .compound(members) }
  static var size: Int { members.reduce(0) { $0 + $1.type.size } }
}

/// A tensor of the flat weights, in their order.
struct TensorRow: IndexRow, Equatable {
  /// Offset of the name in `names`.
  var name: UInt64
  /// As in safetensors, NUL-padded.
  var dtype: String
  var firstDimension: UInt64
  var rank: UInt64
  var firstDataset: UInt64
  var datasetCount: UInt64
  /// The row of the tensor whose datasets hold these bytes too, or −1.
  var tiedTo: Int64
  /// Logical bytes.
  var bytes: UInt64
  /// Over the logical bytes in flat order.
  var sha256: [UInt8]

  static let members: [HDF5ElementType.Member] = [
    .init("name", .u64), .init("dtype", .string(length: 16)), .init("first_dimension", .u64),
    .init("rank", .u64), .init("first_dataset", .u64), .init("dataset_count", .u64), .init("tied_to", .i64),
    .init("bytes", .u64), .init("sha256", .array(.u8, [32])),
  ]
}

/// One dimension of a tensor.
struct DimensionRow: IndexRow, Equatable {
  var size: UInt64
  /// The row in `cuts`, or −1 for a dimension that is not cut.
  var cut: Int64

  static let members: [HDF5ElementType.Member] = [.init("size", .u64), .init("cut", .i64)]
}

/// How a dimension is cut; tensors that are cut alike share one.
struct CutRow: IndexRow, Equatable {
  var firstPart: UInt64
  var partCount: UInt64
  var firstSegment: UInt64
  var segmentCount: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("first_part", .u64), .init("part_count", .u64), .init("first_segment", .u64),
    .init("segment_count", .u64),
  ]
}

/// A part of a cut: the common positions, or those of one unit on one channel axis.
struct PartRow: IndexRow, Equatable {
  /// The unit, or −1 for common positions.
  var unit: Int64
  /// Offset of the axis name in `names`, or −1 for common positions.
  var axis: Int64

  static let members: [HDF5ElementType.Member] = [.init("unit", .i64), .init("axis", .i64)]
}

/// A run of neighbouring positions of a dimension that belong to one part; a cut's segments fill its dimension.
struct SegmentRow: IndexRow, Equatable {
  /// Counted from the cut's first part.
  var part: UInt64
  var length: UInt64

  static let members: [HDF5ElementType.Member] = [.init("part", .u64), .init("length", .u64)]
}

/// A dataset that holds (some of) a tensor's bytes.
struct DatasetRow: IndexRow, Equatable {
  var tensor: UInt64
  /// A unit, or −1 common, −2 whole, −3 whole and private: the group.
  var owner: Int64
  /// Where its bytes start in the file, as long as the file ends where the seal says; all ones for no bytes.
  var address: UInt64
  /// Logical bytes.
  var bytes: UInt64
  /// 0 for a chunked dataset, whose chunks are found through HDF5; 1 for a contiguous one.
  var contiguous: UInt64
  var firstBlock: UInt64
  var blockCount: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("tensor", .u64), .init("owner", .i64), .init("address", .u64), .init("bytes", .u64),
    .init("contiguous", .u64), .init("first_block", .u64), .init("block_count", .u64),
  ]
}

/// A stored run: one block of a tensor.
struct BlockRow: IndexRow, Equatable {
  /// Bytes from the start of its dataset.
  var offset: UInt64
  var bytes: UInt64
  /// XXH3, 64 bits, seed 0, over its bytes.
  var xxh3: UInt64
  /// Its coordinates: of a cut tensor the part on each cut dimension, of a whole one the units it belongs to.
  var firstCoordinate: UInt64
  var coordinateCount: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("offset", .u64), .init("bytes", .u64), .init("xxh3", .u64), .init("first_coordinate", .u64),
    .init("coordinate_count", .u64),
  ]
}

/// The seal: what a reader checks first, and what finds a change anywhere else.
struct SealRow: IndexRow, Equatable {
  /// The length of the file in bytes; another length means that a tool has rewritten it and placement is void.
  var fileEnd: UInt64
  /// XXH3 over every byte of the file, by address, but tensor data and the seal.
  var restXXH3: UInt64
  /// The model digest.
  var modelSHA256: [UInt8]
  /// XXH3 over the metadata datasets, each preceded by its length as u64, then the members above.
  var indexXXH3: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("file_end", .u64), .init("rest_xxh3", .u64), .init("model_sha256", .array(.u8, [32])),
    .init("index_xxh3", .u64),
  ]
}
