import TestSupport
import Testing

@testable import Deflate

@Suite("Adler-32")
struct Adler32Tests {
  @Test("is what RFC 1950 says, byte by byte, at every length around a block's")
  func definition() {
    var generator = SeededGenerator(seed: 32)
    // A block has 352 bytes; all ones make the largest sums.
    for count in Array(0...720) + [5552, 65_521, 262_144] {
      for bytes in [generator.bytes(count), [UInt8](repeating: 0xFF, count: count)] {
        var (sum, sums): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
          sum = (sum + UInt32(byte)) % 65521
          sums = (sums + sum) % 65521
        }
        #expect(bytes.withUnsafeBytes { Adler32.checksum($0) } == sums << 16 | sum, "\(count) bytes")
      }
    }
  }

  @Test("knows the word of the usual example")
  func example() {
    #expect(Array("Wikipedia".utf8).withUnsafeBytes { Adler32.checksum($0) } == 0x11E6_0398)
  }
}
