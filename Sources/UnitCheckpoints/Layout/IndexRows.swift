internal import HDF5Kit

/// A row of one of the index tables: how HDF5 describes it, how it is written and read.
protocol IndexRow: Equatable {
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

/// Rows of another table, one after the other.
struct RowRange: Equatable {
  var first: UInt32 = 0
  var count: UInt32 = 0

  static let none = RowRange()

  static func members(_ first: String, _ count: String) -> [HDF5ElementType.Member] {
    [.init(first, .u32), .init(count, .u32)]
  }
}

/// A tensor of the flat weights, in their order.
struct TensorRow: IndexRow {
  /// Offset of the name in `names`.
  var name: UInt32
  /// As in safetensors, NUL-padded.
  var dtype: String
  var dimensions: RowRange
  /// The row of the tensor whose bytes these are too, or −1.
  var tiedTo: Int32
  /// A row of `scopes`, or −1.
  var scope: Int32
  /// The units that the whole tensor belongs to.
  var units: RowRange
  /// Over the logical bytes in flat order.
  var sha256: [UInt8]

  static let members: [HDF5ElementType.Member] =
    [.init("name", .u32), .init("dtype", .string(length: 12))]
    + RowRange.members("first_dimension", "rank") + [.init("tied_to", .i32), .init("scope", .i32)]
    + RowRange.members("first_unit", "unit_count") + [.init("sha256", .array(.u8, [32]))]
}

/// One dimension of a tensor.
struct DimensionRow: IndexRow {
  var size: UInt64
  /// The row in `cuts`, or −1 for a dimension that is not cut.
  var cut: Int32
  /// The row of `cut_axes` for slot 0 of the cut.
  var firstAxis: UInt32

  static let members: [HDF5ElementType.Member] = [
    .init("size", .u64), .init("cut", .i32), .init("first_axis", .u32),
  ]
}

/// A channel axis.
struct AxisRow: IndexRow {
  var name: UInt32
  var cut: UInt32

  static let members: [HDF5ElementType.Member] = [.init("name", .u32), .init("cut", .u32)]
}

/// How a dimension, or an axis, is cut; what is cut alike shares one.
struct CutRow: IndexRow {
  var segments: RowRange

  static let members = RowRange.members("first_segment", "segment_count")
}

/// Neighbouring positions of one part; a cut's segments fill its dimension.
struct SegmentRow: IndexRow {
  var length: UInt64
  /// −1 for common positions.
  var unit: Int32
  /// Which of the dimension's axes.
  var slot: UInt32

  static let members: [HDF5ElementType.Member] = [
    .init("length", .u64), .init("unit", .i32), .init("slot", .u32),
  ]
}

/// A task and its networks, level by level.
struct TaskRow: IndexRow {
  var name: UInt32
  var networks: RowRange

  static let members =
    [HDF5ElementType.Member("name", .u32)] + RowRange.members("first_network", "network_count")
}

/// One (task, level), with its units in the order in which the task takes them.
struct NetworkRow: IndexRow {
  /// The level's name, or −1.
  var name: Int32
  var units: RowRange

  static let members =
    [HDF5ElementType.Member("name", .i32)] + RowRange.members("first_unit", "unit_count")
}

/// The units of a network on an axis that has its own.
struct AxisUnitsRow: IndexRow {
  var network: UInt32
  var axis: UInt32
  var units: RowRange

  static let members =
    [HDF5ElementType.Member("network", .u32), .init("axis", .u32)]
    + RowRange.members("first_unit", "unit_count")
}

/// Networks that have some tensors.
struct ScopeRow: IndexRow {
  var networks: RowRange

  static let members = RowRange.members("first_network", "network_count")
}

/// How neighbouring networks know a tensor.
struct ViewRow: IndexRow {
  var tensor: UInt32
  var networks: RowRange
  /// −1 for its own name.
  var name: Int32
  /// The tensor that is laid on it as a mask, or −1.
  var mask: Int32

  static let members =
    [HDF5ElementType.Member("tensor", .u32)] + RowRange.members("first_network", "network_count")
    + [.init("name", .i32), .init("mask", .i32)]
}

/// How many elements of a tensor a unit has.
struct OwnedRow: IndexRow {
  var tensor: UInt32
  var map: UInt32
  /// −1 for free elements.
  var unit: Int32
  var elements: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("tensor", .u32), .init("map", .u32), .init("unit", .i32), .init("elements", .u64),
  ]
}

/// A dimension whose channels are stored in the order in which a task takes its units.
struct ReorderedRow: IndexRow {
  var tensor: UInt32
  var dimension: UInt32
  var axis: UInt32
  var inner: UInt64
  var outer: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("tensor", .u32), .init("dimension", .u32), .init("axis", .u32), .init("inner", .u64),
    .init("outer", .u64),
  ]
}

/// A section, or the dataset of a whole tensor.
struct SectionRow: IndexRow {
  var kind: UInt32
  /// The whole tensor, or −1.
  var tensor: Int32
  /// A row of `scopes`, or −1.
  var scope: Int32
  var units: RowRange
  var dtype: String
  /// Where its bytes start in the file, as long as the file ends where the seal says; all ones for no bytes, and for
  /// chunks.
  var address: UInt64
  var bytes: UInt64

  static let members: [HDF5ElementType.Member] =
    [.init("kind", .u32), .init("tensor", .i32), .init("scope", .i32)]
    + RowRange.members("first_unit", "unit_count")
    + [.init("dtype", .string(length: 12)), .init("address", .u64), .init("bytes", .u64)]
}

/// The seal: what a reader checks first, and what finds a change anywhere else.
struct SealRow: IndexRow {
  /// The length of the file in bytes; another length means that a tool has rewritten it and placement is void.
  var fileEnd: UInt64
  var pageBytes: UInt64
  /// XXH3 over every byte of the file, by address, but tensor data and the seal.
  var restXXH3: UInt64
  /// XXH3 over the headers of flat files, each after its length.
  var headersXXH3: UInt64
  /// The model digest.
  var modelSHA256: [UInt8]
  /// XXH3 over the tables, each after its length, then the members above.
  var indexXXH3: UInt64

  static let members: [HDF5ElementType.Member] = [
    .init("file_end", .u64), .init("page_bytes", .u64), .init("rest_xxh3", .u64),
    .init("headers_xxh3", .u64), .init("model_sha256", .array(.u8, [32])), .init("index_xxh3", .u64),
  ]
}
