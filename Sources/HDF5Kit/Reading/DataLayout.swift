/// The place of a dataset's bytes, from its layout message.
package enum HDF5Storage: Hashable, Sendable {
  /// Nothing is stored: every element is the fill value.
  case unallocated
  /// The bytes are in the object header itself.
  case compact([UInt8])
  /// `count` bytes from the file offset `offset` on, in C order.
  case contiguous(offset: Int, count: Int)
  case chunked(HDF5ChunkLayout)
}

/// The chunks of a chunked dataset: their shape, index and filters.
package struct HDF5ChunkLayout: Hashable, Sendable {
  package enum Index: Hashable, Sendable {
    /// No chunk has been written.
    case none
    /// A B-tree of version 1 at that file offset.
    case treeV1(Int)
    /// One chunk with all elements: its file offset, its stored bytes, and the mask of skipped filters.
    case single(offset: Int, stored: Int, mask: UInt32)
    /// All chunks one after another, without filters, in C order from this file offset on.
    case implicit(Int)
    /// Chunks by number, for shapes that cannot grow.
    case fixedArray(Int)
    /// Chunks by number, for shapes that can grow along one dimension.
    case extensibleArray(Int)
    /// A B-tree of version 2, for shapes that can grow along several dimensions.
    case treeV2(Int)
  }

  /// Elements of one chunk along each dimension.
  package let shape: [Int]
  /// The largest number of chunks along each dimension; nil for a dimension without a limit.
  let greatestGrid: [Int?]
  /// Bytes of one chunk before filters.
  package let byteCount: Int
  package let index: Index
  package let pipeline: HDF5FilterPipeline
}

extension HDF5Storage {
  /// - Parameter byteCount: the dataset's logical size, from its dataspace and datatype.
  init(
    _ message: HeaderMessage, dataspace: HDF5Dataspace, elementSize: Int, byteCount: Int,
    pipeline: HDF5FilterPipeline
  ) throws(HDF5Error) {
    var cursor = message.body
    guard !message.isShared else { throw cursor.unsupported("a shared layout message") }
    let version = try cursor.version(1...5)
    if version < 3 {
      self = try .init(
        old: &cursor, version: version, dataspace: dataspace, elementSize: elementSize, byteCount: byteCount,
        pipeline: pipeline)
      return
    }
    let type = try cursor.u8()
    if type != 2, !pipeline.filters.isEmpty {
      throw cursor.malformed(
        expected: "filters on chunked data only", found: "filters on layout class \(type)")
    }
    switch type {
    case 0: self = try .compact(&cursor, count: cursor.u16(), expected: byteCount)
    case 1: self = try .contiguous(&cursor, expected: byteCount)
    case 2:
      let chunks = HDF5ChunkLayout.Decoder(
        dataspace: dataspace, elementSize: elementSize, pipeline: pipeline)
      self = .chunked(version == 3 ? try chunks.version3(&cursor) : try chunks.version4(&cursor))
    case 3: throw cursor.unsupported(ForeignData.virtualDataset.rawValue)
    default: throw cursor.malformed(expected: "layout class 0 to 3", found: "\(type)")
    }
  }

  /// Versions 1 and 2, of HDF5 before 1.6: rank, class, then an address and sizes for every class.
  private init(
    old cursor: inout ByteCursor, version: UInt8, dataspace: HDF5Dataspace, elementSize: Int, byteCount: Int,
    pipeline: HDF5FilterPipeline
  ) throws(HDF5Error) {
    let rank = Int(try cursor.u8())
    let type = try cursor.u8()
    try cursor.skip(5)
    switch type {
    case 0:
      try cursor.skip(4 * rank)
      self = try .compact(&cursor, count: cursor.u32(), expected: byteCount)
    case 1:
      // The sizes repeat the dataspace.
      guard let address = try cursor.address(), byteCount > 0 else {
        self = .unallocated
        return
      }
      try cursor.context.check(offset: address, count: byteCount, in: "contiguous data")
      self = .contiguous(offset: address, count: byteCount)
    case 2:
      let chunks = HDF5ChunkLayout.Decoder(
        dataspace: dataspace, elementSize: elementSize, pipeline: pipeline)
      let address = try cursor.address()
      self = .chunked(try chunks.layout(&cursor, rank: rank, index: address.map { .treeV1($0) } ?? .none))
    default: throw cursor.malformed(expected: "layout class 0 to 2", found: "\(type)")
    }
  }

  private static func compact(
    _ cursor: inout ByteCursor, count: Int, expected: Int
  ) throws(HDF5Error) -> HDF5Storage {
    guard count == expected else {
      throw cursor.malformed(expected: "\(expected.grouped) bytes of compact data", found: count.grouped)
    }
    return .compact(try cursor.take(count))
  }

  private static func contiguous(_ cursor: inout ByteCursor, expected: Int) throws(HDF5Error) -> HDF5Storage {
    let address = try cursor.address()
    let start = cursor
    let count = try cursor.length()
    guard let address else { return .unallocated }
    guard count == expected else {
      throw start.malformed(expected: "\(expected.grouped) bytes of contiguous data", found: count.grouped)
    }
    if count == 0 { return .unallocated }
    try cursor.context.check(offset: address, count: count, in: "contiguous data")
    return .contiguous(offset: address, count: count)
  }
}
