/// CRC-32C (Castagnoli) over bytes that arrive in pieces: the checksum of TensorFlow's checkpoints (RFC 3720, B.4).
package struct CRC32C: Sendable {
  private var state: UInt32 = .max

  /// A checksum of no bytes yet.
  package init() {}

  /// The checksum of all bytes so far.
  package var value: UInt32 { ~state }

  /// The checksum of bytes that are in one piece.
  package static func of(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32C()
    bytes.withUnsafeBytes { crc.update($0) }
    return crc.value
  }

  /// Adds `bytes`, eight at a time.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var crc = state
    Self.tables.withUnsafeBufferPointer { tables in
      var place = 0
      while place + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        let mixed = word ^ UInt64(crc)
        crc = 0
        for lane in 0..<8 {
          // Every index is below 8 × 256, the size of the tables.
          crc ^= tables[(7 - lane) * 256 + Int(UInt8(truncatingIfNeeded: mixed >> UInt64(8 * lane)))]
        }
        place += 8
      }
      for byte in bytes[place...] {
        crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
      }
    }
    state = crc
  }

  /// Table k gives the effect of a byte that k other bytes follow.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[byte] = crc
    }
    for place in 256..<tables.count {
      let before = tables[place - 256]
      tables[place] = before >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: before))]
    }
    return tables
  }()
}
