internal import Tensors

/// Counts the values of block-quantised elements as the F32 that their blocks mean.
///
/// If the values of a type are not read here, only its elements are counted.
final class BlockCounter: ValueCounter {
  private let block: ElementBlock
  private let values: BlockValues?
  private let counter = FloatCounter(NarrowBins<Binary32>())
  private var elements = 0
  private var decoded: [Float]

  /// Blocks that are decoded before their values are counted; together at most 2^20 elements.
  private static let run = 64

  init(_ dtype: DType) {
    block = dtype.block
    values = BlockValues(dtype)
    decoded = [Float](repeating: 0, count: Self.run * block.elements)
  }

  func add(_ bytes: UnsafeRawBufferPointer, count: Int) {
    let blocks = min(count / block.elements, bytes.count / block.bytes)
    elements += blocks * block.elements
    guard let values else { return }
    let (block, counter) = (block, counter)
    decoded.withUnsafeMutableBufferPointer { decoded in
      for first in stride(from: 0, to: blocks, by: Self.run) {
        let count = min(Self.run, blocks - first)
        for place in 0..<count {
          let start = (first + place) * block.bytes
          values.decode(
            UnsafeRawBufferPointer(rebasing: bytes[start..<start + block.bytes]),
            into: UnsafeMutableBufferPointer(rebasing: decoded[(place * block.elements)...]))
        }
        let elements = count * block.elements
        counter.add(UnsafeRawBufferPointer(UnsafeBufferPointer(decoded)), count: elements)
      }
    }
  }

  func tally() -> ValueTally {
    var tally = counter.tally()
    tally.elements = elements
    return tally
  }
}
