import Deflate
import TestSupport
import Testing

@Suite("Inflater")
struct InflaterTests {
  private static let content: [UInt8] = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * $0 / 37) }

  private static func encoded() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: ChunkEncoder.outputLimit(content.count, elementSize: 1)) {
      buffer, filled in
      filled = content.withUnsafeBytes {
        ChunkEncoder(capacity: content.count).encode(
          $0, elementSize: 1, into: UnsafeMutableRawBufferPointer(buffer))
      }
    }
  }

  @Test("a whole stream is inflated, or the difference is named, and the stream can be used again")
  func whole() throws {
    let stream = Self.encoded()
    let inflater = try #require(Inflater(.zlib))
    var flipped = stream
    flipped[stream.count - 1] ^= 1
    let count = Self.content.count
    let cases: [(bytes: [UInt8], room: Int, words: String?)] = [
      (stream, count, nil), (Array(stream.dropLast(9)), count, "one that is cut off"),
      (stream, count - 1, "a longer one"),
      (stream, count + 1, "one of \(count)"), (flipped, count, "a damaged one (incorrect data check)"),
      ([], count, "one that is cut off"), (stream, count, nil),
    ]
    for (bytes, room, words) in cases {
      var output = [UInt8](repeating: 0, count: room)
      inflater.reset()
      let found = bytes.withUnsafeBytes { input in output.withUnsafeMutableBytes { inflater.all(input, $0) } }
      #expect(found == words)
      if words == nil { #expect(output == Self.content) }
    }
  }

  @Test("steps of any size give the same bytes, also from a copy", arguments: [1, 7, 512, 4999])
  func steps(size: Int) throws {
    let stream = Self.encoded()
    var inflater = try #require(Inflater(.zlib))
    var output: [UInt8] = []
    var used = 0
    var piece = [UInt8](repeating: 0, count: size)
    while true {
      let (read, written, outcome) = stream[used...].prefix(size).withUnsafeBytes { input in
        piece.withUnsafeMutableBytes { inflater.step(input, $0) }
      }
      used += read
      output += piece.prefix(written)
      if outcome == .ended { break }
      try #require(outcome == .unfinished && read + written > 0)
      inflater = try #require(inflater.copy())
    }
    #expect(output == Self.content && used == stream.count)
  }

  @Test("a CRC-32 is that of zip archives, whole or in pieces")
  func crc() {
    var checksum = CRC32()
    for piece in ["1234", "", "56789"] { Array(piece.utf8).withUnsafeBytes { checksum.update($0) } }
    // The check value of CRC-32/ISO-HDLC.
    #expect(checksum.value == 0xCBF4_3926)
  }
}
