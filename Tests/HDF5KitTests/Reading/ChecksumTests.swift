import Testing

@testable import HDF5Kit

@Suite struct HDF5ChecksumTests {
  /// From lookup3.c's own driver5, with initial value 0.
  @Test(arguments: [
    ("", 0xDEAD_BEEF as UInt32), ("Four score and seven years ago", 0x1777_0551),
  ])
  func lookup3AgreesWithItsAuthor(_ text: String, _ hash: UInt32) {
    #expect(Array(text.utf8).withUnsafeBufferPointer { lookup3($0) } == hash)
  }

  /// The published vectors of Fletcher-32 are for little-endian words; the format uses big-endian ones, so "badcfe"
  /// here is their "abcdef".
  @Test(arguments: [("badcfe", 0x5650_2D2A as UInt32), ("badcfehg", 0xEBE1_9591), ("badc\0e", 0xF04F_C729)])
  func fletcher32AgreesWithThePublishedVectors(_ text: String, _ sum: UInt32) {
    #expect(Array(text.utf8).withUnsafeBufferPointer { fletcher32($0) } == sum)
  }
}
