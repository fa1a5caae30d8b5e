internal import Glibc
internal import Synchronization

/// Memory of freed tensors, reused for new ones.
///
/// A network's values have the same sizes in every run. Large blocks from the system would be new pages each time,
/// which have to be cleared and mapped again. A block also serves values of at least a quarter of its size: it may still
/// be in the processor's caches, and new pages are not. If shapes change between runs, so do sizes: blocks that several
/// runs did not need are given back.
final class StoragePool: Sendable {
  /// Smaller blocks, in bytes, come from `malloc`, which is as fast.
  private static let least = 32 << 10
  /// The size of a huge page. Larger blocks have them, if the system grants them: fewer addresses to translate.
  private static let hugePage = 2 << 20
  /// The size of the largest block for a value, divided by the value's.
  fileprivate static let room = 4
  /// The most bytes of unused blocks in the pool.
  private let capacity: Int

  // Addresses stored as numbers: nothing uses the blocks while they are here.
  private struct Free {
    var blocks: [Int: [UInt]] = [:]
    /// The bytes of unused blocks, and those that values in larger blocks leave over.
    var bytes = 0
    /// The sizes of blocks in use that are larger than their values need.
    var sizesOfLarger: [UInt: Int] = [:]
    /// The least number of unused blocks of each size since `rest` last gave blocks back: so many were not needed.
    var idle: [Int: Int] = [:]
    var runs = 0

    /// The smallest unused block of at least `size` and at most `room` times as many bytes.
    mutating func take(_ size: Int) -> UInt? {
      var best = size
      if blocks[size]?.isEmpty ?? true {
        best = Int.max
        for (other, list) in blocks where other > size && other / StoragePool.room <= size && !list.isEmpty {
          best = min(best, other)
        }
      }
      guard let address = blocks[best]?.popLast() else { return nil }
      bytes -= size
      idle[best] = min(idle[best] ?? 0, blocks[best]?.count ?? 0)
      if best != size { sizesOfLarger[address] = best }
      return address
    }
  }

  /// The runs after which blocks that none of them needed are given back.
  private static let patience = 8

  private let free = Mutex(Free())

  init(capacity: Int) { self.capacity = capacity }

  /// At least `byteCount` bytes at a multiple of 64, with any contents; nil if there is no memory.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let size = Self.size(byteCount)
    if size >= Self.least {
      if let block = UnsafeMutableRawPointer(bitPattern: free.withLock { $0.take(size) } ?? 0) {
        return block
      }
    }
    // Unlike `allocate`, this reports missing memory.
    var block: UnsafeMutableRawPointer?
    guard posix_memalign(&block, size < Self.hugePage ? 64 : Self.hugePage, size) == 0 else { return nil }
    // Advice that is not taken does no harm.
    if size >= Self.hugePage { madvise(block, size, MADV_HUGEPAGE) }
    return block
  }

  /// Returns a block that `take` gave for `byteCount`.
  func give(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    let address = UInt(bitPattern: block)
    let keeps = free.withLock { free in
      let own = Self.size(byteCount)
      let size = free.sizesOfLarger.removeValue(forKey: address) ?? own
      guard own >= Self.least, free.bytes + own <= capacity else {
        free.bytes -= size - own
        return false
      }
      free.blocks[size, default: []].append(address)
      free.bytes += own
      return true
    }
    if !keeps { Glibc.free(block) }
  }

  /// The bytes of unused blocks, and those that values in larger blocks leave over.
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
