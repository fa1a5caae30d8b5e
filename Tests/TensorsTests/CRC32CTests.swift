import TestSupport
import Testing

@testable import Tensors

@Suite("CRC-32C")
struct CRC32CTests {
  @Test("the checksums of RFC 3720")
  func vectors() {
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.of(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.of([]) == 0)
  }

  @Test("pieces of any size give the checksum of the whole")
  func pieces() {
    var random = SeededGenerator(seed: 4)
    for count in 0..<100 {
      let bytes = random.bytes(count)
      let cut = count == 0 ? 0 : random.number(in: 0...count)
      var crc = CRC32C()
      for part in [bytes[..<cut], bytes[cut...]] { Array(part).withUnsafeBytes { crc.update($0) } }
      #expect(crc.value == CRC32C.of(bytes))
    }
  }
}
