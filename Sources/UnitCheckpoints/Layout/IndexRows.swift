/// A row of one of the index tables.
protocol IndexRow: Equatable, TableElement {
  /// A row of zeros.
  init()
  /// Passes the members to `coder` in order; in the table they have no padding.
  mutating func members(_ coder: inout some RowCoder)
}

/// Consecutive rows of another table.
struct RowRange: Equatable {
  var first: UInt32 = 0
  var count: UInt32 = 0

  static let none = RowRange()
}

/// A tensor of the flat weights, in their order.
struct TensorRow: IndexRow {
  /// Offset of the name in `names`.
  var name: UInt32 = 0
  /// The dtype, spelled as in safetensors and padded with NULs.
  var dtype: String = ""
  var dimensions: RowRange = .none
  /// The row of the tensor whose bytes it shares, or −1.
  var tiedTo: Int32 = 0
  /// A row of `scopes`, or −1.
  var scope: Int32 = 0
  /// The units that the whole tensor belongs to.
  var units: RowRange = .none
  /// SHA-256 of the logical bytes in flat order.
  var sha256: [UInt8] = []

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("name", &name)
    coder.text("dtype", &dtype, length: 12)
    coder.rows("first_dimension", "rank", &dimensions)
    coder.number("tied_to", &tiedTo)
    coder.number("scope", &scope)
    coder.rows("first_unit", "unit_count", &units)
    coder.bytes("sha256", &sha256, count: 32)
  }
}

/// One dimension of a tensor.
struct DimensionRow: IndexRow {
  var size: UInt64 = 0
  /// The row in `cuts`, or −1 for a dimension that is not cut.
  var cut: Int32 = 0
  /// The row of `cut_axes` for slot 0 of the cut.
  var firstAxis: UInt32 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("size", &size)
    coder.number("cut", &cut)
    coder.number("first_axis", &firstAxis)
  }
}

/// A channel axis.
struct AxisRow: IndexRow {
  var name: UInt32 = 0
  var cut: UInt32 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("name", &name)
    coder.number("cut", &cut)
  }
}

/// The cut of a dimension or an axis; equal cuts share one row.
struct CutRow: IndexRow {
  var segments: RowRange = .none

  mutating func members(_ coder: inout some RowCoder) {
    coder.rows("first_segment", "segment_count", &segments)
  }
}

/// A run of neighbouring positions of one part; a cut's segments fill its dimension.
struct SegmentRow: IndexRow {
  var length: UInt64 = 0
  /// −1 for common positions.
  var unit: Int32 = 0
  /// The place of its axis in the list of the dimension's axes.
  var slot: UInt32 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("length", &length)
    coder.number("unit", &unit)
    coder.number("slot", &slot)
  }
}

/// A task and its networks, level by level.
struct TaskRow: IndexRow {
  var name: UInt32 = 0
  var networks: RowRange = .none

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("name", &name)
    coder.rows("first_network", "network_count", &networks)
  }
}

/// One (task, level), with its units in the order in which the task adds them.
struct NetworkRow: IndexRow {
  /// The level's name, or −1.
  var name: Int32 = 0
  var units: RowRange = .none

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("name", &name)
    coder.rows("first_unit", "unit_count", &units)
  }
}

/// The units of a network on an axis that has its own units.
struct AxisUnitsRow: IndexRow {
  var network: UInt32 = 0
  var axis: UInt32 = 0
  var units: RowRange = .none

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("network", &network)
    coder.number("axis", &axis)
    coder.rows("first_unit", "unit_count", &units)
  }
}

/// The networks that have the tensors of a scope.
struct ScopeRow: IndexRow {
  var networks: RowRange = .none

  mutating func members(_ coder: inout some RowCoder) {
    coder.rows("first_network", "network_count", &networks)
  }
}

/// The name and the mask of a tensor in consecutive networks of one task.
struct ViewRow: IndexRow {
  var tensor: UInt32 = 0
  var networks: RowRange = .none
  /// The offset of the other name in `names`, or −1 for the tensor's own name.
  var name: Int32 = 0
  /// The row of the mask, or −1.
  var mask: Int32 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("tensor", &tensor)
    coder.rows("first_network", "network_count", &networks)
    coder.number("name", &name)
    coder.number("mask", &mask)
  }
}

/// The number of elements of a tensor that belong to a unit.
struct OwnedRow: IndexRow {
  var tensor: UInt32 = 0
  var map: UInt32 = 0
  /// The unit; −1 for free elements.
  var unit: Int32 = 0
  var elements: UInt64 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("tensor", &tensor)
    coder.number("map", &map)
    coder.number("unit", &unit)
    coder.number("elements", &elements)
  }
}

/// A dimension whose channels are stored in the order in which a task adds its units.
struct ReorderedRow: IndexRow {
  var tensor: UInt32 = 0
  var dimension: UInt32 = 0
  var axis: UInt32 = 0
  var inner: UInt64 = 0
  var outer: UInt64 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("tensor", &tensor)
    coder.number("dimension", &dimension)
    coder.number("axis", &axis)
    coder.number("inner", &inner)
    coder.number("outer", &outer)
  }
}

/// A section, or the dataset of a whole tensor.
struct SectionRow: IndexRow {
  var kind: UInt32 = 0
  /// The row of the whole tensor, or −1.
  var tensor: Int32 = 0
  /// A row of `scopes`, or −1.
  var scope: Int32 = 0
  var units: RowRange = .none
  var dtype: String = ""
  /// The file offset of its bytes, valid only if the file has the length in the seal. All bits are set if it has no
  /// bytes, or chunks.
  var address: UInt64 = 0
  var bytes: UInt64 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("kind", &kind)
    coder.number("tensor", &tensor)
    coder.number("scope", &scope)
    coder.rows("first_unit", "unit_count", &units)
    coder.text("dtype", &dtype, length: 12)
    coder.number("address", &address)
    coder.number("bytes", &bytes)
  }
}

/// The seal: a reader checks it first, and its checksums reveal a change anywhere else.
struct SealRow: IndexRow {
  /// The length of the file in bytes. If the file has another length, a tool has rewritten it, and the addresses are
  /// not valid.
  var fileEnd: UInt64 = 0
  var pageBytes: UInt64 = 0
  /// XXH3 over every byte of the file, by address, except tensor data and the seal.
  var restXXH3: UInt64 = 0
  /// XXH3 over the headers of flat files; each header follows its length.
  var headersXXH3: UInt64 = 0
  /// The model digest.
  var modelSHA256: [UInt8] = []
  /// XXH3 over the tables, each after its length, and then over the members above.
  var indexXXH3: UInt64 = 0

  mutating func members(_ coder: inout some RowCoder) {
    coder.number("file_end", &fileEnd)
    coder.number("page_bytes", &pageBytes)
    coder.number("rest_xxh3", &restXXH3)
    coder.number("headers_xxh3", &headersXXH3)
    coder.bytes("model_sha256", &modelSHA256, count: 32)
    coder.number("index_xxh3", &indexXXH3)
  }
}
