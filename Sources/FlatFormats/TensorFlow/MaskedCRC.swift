internal import TensorStreams
internal import Tensors

/// Stored checksums: CRC-32C, turned and shifted so that the checksum of bytes with a checksum in them is no special one.
enum MaskedCRC {
  static func masked(_ crc: UInt32) -> UInt32 { (crc >> 15 | crc << 17) &+ 0xA282_EAD8 }

  static func mismatch(_ path: String, _ place: String, expected: UInt32, found: UInt32) -> FlatFormatError {
    .refused(
      .tensorflowChecksum, path: path, place: place,
      expected: "the CRC-32C 0x\(String(expected, radix: 16)) (masked)",
      found: "0x\(String(found, radix: 16))")
  }
}

/// Reads the bytes of a tensor, or of a slice of one. The read of the last byte also checks their CRC-32C.
final class ChecksummedReader: TensorByteReader {
  private let reader: PlainReader
  private var crc = CRC32C()
  private let expected: UInt32
  private let path: String
  private let place: String

  init(_ reader: PlainReader, expected: UInt32, path: String, place: String) throws(FlatFormatError) {
    self.reader = reader
    self.expected = expected
    self.path = path
    self.place = place
    if reader.remaining == 0 { try check() }
  }

  var remaining: Int { reader.remaining }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    if buffer.isEmpty { return }
    try reader.read(into: buffer)
    crc.update(UnsafeRawBufferPointer(buffer))
    if reader.remaining == 0 { try check() }
  }

  private func check() throws(FlatFormatError) {
    let found = MaskedCRC.masked(crc.value)
    if found != expected { throw MaskedCRC.mismatch(path, place, expected: expected, found: found) }
  }
}
