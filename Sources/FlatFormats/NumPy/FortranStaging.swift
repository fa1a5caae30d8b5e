/// The part of an array's file that is in memory while a window is gathered.
final class FortranStaging {
  /// What is read at a time.
  private static let size = 1 << 20
  /// Bytes between two runs up to which reading them costs less than another call.
  private static let smallGap = 4096

  let buffer: UnsafeMutableRawBufferPointer
  private let payload: any NpyPayload
  private let total: Int
  /// Whether runs lie so close together that what is between them is read too.
  private let readsOn: Bool
  private var loaded = 0..<0

  /// `runBytes` are those of one run, `gap` those between two, `total` those of the array.
  init(payload: any NpyPayload, total: Int, itemSize: Int, runBytes: Int, gap: Int) {
    self.payload = payload
    self.total = total
    readsOn = gap <= Self.smallGap
    buffer = .allocate(byteCount: max(itemSize, min(Self.size, readsOn ? total : runBytes)), alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// Has `count` bytes from `offset` of the array in `buffer`, and says where there; `count` is at most its size.
  func load(_ offset: Int, _ count: Int) throws(FlatFormatError) -> Int {
    if offset >= loaded.lowerBound, offset + count <= loaded.upperBound { return offset - loaded.lowerBound }
    let size = readsOn ? min(buffer.count, total - offset) : count
    try payload.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]))
    loaded = offset..<(offset + size)
    return 0
  }
}
