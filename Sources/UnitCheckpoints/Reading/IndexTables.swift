/// The raw tables of an index, row by row, before anything in them is believed.
struct IndexTables {
  let names: [UInt8]
  let tensors: [TensorRow]
  let dimensions: [DimensionRow]
  let cuts: [CutRow]
  let parts: [PartRow]
  let segments: [SegmentRow]
  let datasets: [DatasetRow]
  let blocks: [BlockRow]
  let coordinates: [Int]

  /// Rows from the bytes of the tables; the bytes are whole rows, because HDF5 has said so.
  init(bytes: (LayoutV1.Table) -> [UInt8]) {
    names = bytes(.names)
    tensors = Self.rows(bytes(.tensors))
    dimensions = Self.rows(bytes(.dimensions))
    cuts = Self.rows(bytes(.cuts))
    parts = Self.rows(bytes(.parts))
    segments = Self.rows(bytes(.segments))
    datasets = Self.rows(bytes(.datasets))
    blocks = Self.rows(bytes(.blocks))
    let words = bytes(.coordinates)
    coordinates = words.withUnsafeBytes { buffer in
      (0..<buffer.count / 4).map {
        Int(UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }

  private static func rows<Row: IndexRow>(_ bytes: [UInt8]) -> [Row] {
    bytes.withUnsafeBytes { buffer in
      var cursor = ByteCursor(buffer)
      let count = buffer.count / Row.size
      var rows: [Row] = []
      rows.reserveCapacity(count)
      for _ in 0..<count { rows.append(Row(from: &cursor)) }
      return rows
    }
  }
}
