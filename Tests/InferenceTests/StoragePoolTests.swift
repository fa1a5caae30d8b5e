import Testing

@testable import Inference

/// Memory that is used again.
@Suite("Storage pool")
struct StoragePoolTests {
  @Test("a freed block serves values of at least a quarter of its size, and its rest stays counted")
  func smaller() throws {
    let pool = StoragePool(capacity: 64 << 20)
    let large = try #require(pool.take(4 << 20))
    pool.give(large, 4 << 20)
    let all = pool.byteCount
    #expect(all >= 4 << 20)
    let small = try #require(pool.take(3 << 19))
    #expect(small == large)
    // What the value does not need.
    #expect(pool.byteCount > 2 << 20 && pool.byteCount < all)
    pool.give(small, 3 << 19)
    #expect(pool.byteCount == all)
    let tiny = try #require(pool.take(256 << 10))
    #expect(tiny != large)
    pool.give(tiny, 256 << 10)
    // The whole block again.
    let again = try #require(pool.take(4 << 20))
    #expect(again == large)
    pool.give(again, 4 << 20)
  }

  @Test(
    "the rests of blocks stay within the capacity, however often large values are freed and small ones made")
  func bounded() throws {
    let pool = StoragePool(capacity: 9 << 20)
    var held: [UnsafeMutableRawPointer] = []
    for _ in 0..<8 {
      let large = try #require(pool.take(4 << 20))
      pool.give(large, 4 << 20)
      held.append(try #require(pool.take(3 << 19)))
      #expect(pool.byteCount <= 9 << 20)
    }
    // Only so many values can be in larger blocks that their rests fit the capacity.
    #expect(pool.byteCount > 2 << 20)
    for block in held { pool.give(block, 3 << 19) }
    #expect(pool.byteCount <= 9 << 20)
  }
}
