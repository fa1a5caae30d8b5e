/// The part of an array's file that is in memory while a window is filled.
final class FortranStaging {
  /// The most bytes of a read.
  private static let size = 1 << 20
  /// If the gap between two runs has at most this many bytes, reading it costs less than another call.
  private static let smallGap = 4096

  let buffer: UnsafeMutableRawBufferPointer
  private let payload: any NpyPayload
  private let total: Int
  /// Whether runs are so close that the bytes between them are read too.
  private let readsOn: Bool
  private var loaded = 0..<0

  /// `runBytes`: bytes of one run; `gap`: bytes between two runs; `total`: bytes of the array.
  init(payload: any NpyPayload, total: Int, itemSize: Int, runBytes: Int, gap: Int) {
    self.payload = payload
    self.total = total
    readsOn = gap <= Self.smallGap
    buffer = .allocate(byteCount: max(itemSize, min(Self.size, readsOn ? total : runBytes)), alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// Reads `count` bytes from `offset` of the array and returns their position in `buffer`; `count` is at most the
  /// buffer's size.
  func load(_ offset: Int, _ count: Int) throws(FlatFormatError) -> Int {
    if offset >= loaded.lowerBound, offset + count <= loaded.upperBound { return offset - loaded.lowerBound }
    let size = readsOn ? min(buffer.count, total - offset) : count
    try payload.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]))
    loaded = offset..<(offset + size)
    return 0
  }
}
