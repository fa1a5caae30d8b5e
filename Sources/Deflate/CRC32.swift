internal import CZlib

/// The checksum of zip archives, over bytes that come in pieces.
package struct CRC32: Sendable {
  private var state: UInt = 0

  package init() {}

  package var value: UInt32 { UInt32(truncatingIfNeeded: state) }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    state = crc32_z(state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
  }
}
