import TestSupport
import Testing

@Suite("Test support")
struct SupportTests {
  @Test("the seeded generator is SplitMix64")
  func splitMix() {
    // The first numbers of the reference implementation for this seed.
    var generator = SeededGenerator(seed: 1_234_567)
    #expect(
      [generator.next(), generator.next(), generator.next()] == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test("the oracle's CRC-32 is zip's")
  func crc() { #expect(crc32(Array("123456789".utf8)) == 0xCBF4_3926) }
}
