import Synchronization
import TensorStreams
import Testing

@testable import SubNetworks

@Suite("Kept tensors")
struct KeptTensorsTests {
  @Test("small ones are read once, large ones each time, and none is another")
  func once() throws {
    let tensors = Counted(sizes: [10, 1 << 16, (1 << 16) + 1, 0, 10])
    let kept = KeptTensors(tensors)
    for _ in 0..<3 {
      for number in tensors.sizes.indices {
        #expect(try kept.reader(of: number).rest() == tensors.bytes(number), "\(number)")
      }
    }
    #expect(tensors.reads == [1, 1, 3, 1, 1])
    #expect(throws: TensorStreamError.self) { try kept.reader(of: 5) }
  }

  @Test(
    "no more bytes are kept than the limits allow, in total and of one tensor",
    arguments: [
      (100, 100, [1, 1, 1, 3, 1]), (100, 30, [1, 3, 1, 3, 1]), (29, 100, [1, 3, 3, 3, 1]),
      (0, 0, [3, 3, 3, 3, 1]),
    ])
  func limits(limit: Int, each: Int, reads: [Int]) throws {
    let tensors = Counted(sizes: [20, 31, 10, 101, 0])
    let kept = KeptTensors(tensors, limit: limit, smallLimit: each)
    for _ in 0..<3 {
      for number in tensors.sizes.indices {
        #expect(try kept.reader(of: number).rest() == tensors.bytes(number), "\(number)")
      }
    }
    #expect(tensors.reads == reads)
  }

  private final class Counted: PartitionTensors {
    let path = "counted"
    let sizes: [Int]
    private let counts: Mutex<[Int]>

    init(sizes: [Int]) {
      self.sizes = sizes
      counts = Mutex([Int](repeating: 0, count: sizes.count))
    }

    var reads: [Int] { counts.withLock { $0 } }

    func bytes(_ number: Int) -> [UInt8] {
      (0..<sizes[number]).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ number) }
    }

    func reader(of number: Int) throws -> any TensorByteReader {
      guard sizes.indices.contains(number) else {
        throw TensorStreamError.unknown(path: path, number: number)
      }
      counts.withLock { $0[number] += 1 }
      return MemoryReader(bytes(number))
    }
  }
}
