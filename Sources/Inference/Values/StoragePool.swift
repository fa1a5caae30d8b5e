internal import Glibc
internal import Synchronization

/// Memory of freed tensors, reused for new ones.
///
/// A network's values have the same sizes in every run. Large blocks from the system would be new pages each time,
/// which have to be cleared and mapped again. If shapes change between runs, so do sizes: blocks that several runs did not
/// need are given back.
final class StoragePool: Sendable {
  /// Smaller blocks, in bytes, come from `malloc`, which is as fast.
  private static let least = 32 << 10
  /// The most bytes of unused blocks in the pool.
  private let capacity: Int

  // Addresses stored as numbers: nothing uses the blocks while they are here.
  private struct Free {
    var blocks: [Int: [UInt]] = [:]
    var bytes = 0
    /// The least number of unused blocks of each size since `rest` last gave blocks back: so many were not needed.
    var idle: [Int: Int] = [:]
    var runs = 0
  }

  /// The runs after which blocks that none of them needed are given back.
  private static let patience = 8

  private let free = Mutex(Free())

  init(capacity: Int) { self.capacity = capacity }

  /// At least `byteCount` bytes at a multiple of 64, with any contents; nil if there is no memory.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let size = Self.size(byteCount)
    if size >= Self.least {
      let known = free.withLock { free in
        guard let address = free.blocks[size]?.popLast() else { return UInt(0) }
        free.bytes -= size
        free.idle[size] = min(free.idle[size] ?? 0, free.blocks[size]?.count ?? 0)
        return address
      }
      if let block = UnsafeMutableRawPointer(bitPattern: known) { return block }
    }
    // Unlike `allocate`, `aligned_alloc` reports missing memory. Its size must be a multiple of the alignment.
    return aligned_alloc(64, size)
  }

  /// Returns a block that `take` gave for `byteCount`.
  func give(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = Self.size(byteCount)
    let address = UInt(bitPattern: block)
    let keeps = free.withLock { free in
      guard size >= Self.least, free.bytes + size <= capacity else { return false }
      free.blocks[size, default: []].append(address)
      free.bytes += size
      return true
    }
    if !keeps { Glibc.free(block) }
  }

  /// The bytes of unused blocks.
  var byteCount: Int { free.withLock(\.bytes) }

  /// Called between runs.
  func rest() {
    free.withLock { free in
      free.runs += 1
      if free.runs % Self.patience != 0 { return }
      for (size, count) in free.idle {
        for _ in 0..<count {
          guard let address = free.blocks[size]?.popLast() else { break }
          free.bytes -= size
          Glibc.free(UnsafeMutableRawPointer(bitPattern: address))
        }
      }
      free.blocks = free.blocks.filter { !$0.value.isEmpty }
      free.idle = free.blocks.mapValues(\.count)
    }
  }

  /// The size rounded up, so that there are few different sizes: by at most an eighth for large blocks.
  private static func size(_ byteCount: Int) -> Int {
    let step = byteCount < least ? 64 : 1 << (Int.bitWidth - byteCount.leadingZeroBitCount - 4)
    return (byteCount / step + 1) * step
  }

  deinit {
    free.withLock { free in
      for address in free.blocks.values.joined() { Glibc.free(UnsafeMutableRawPointer(bitPattern: address)) }
    }
  }
}
