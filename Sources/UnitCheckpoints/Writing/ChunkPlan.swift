internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// How the dataset of a compressed tensor is cut into chunks.
struct ChunkPlan: Hashable {
  /// Elements of a chunk along each dimension of the dataset.
  let shape: [Int]
  /// Bytes of a chunk before it is compressed.
  let byteCount: Int
  /// Bytes from the beginning of a block after which chunks begin anew. Of a whole tensor: the positions of the
  /// dimension in which chunks are shorter than the tensor, with all that is inside; of a cut one the whole block.
  let rowBytes: Int

  /// Datasets of fewer bytes stay contiguous: the index of the chunks alone takes 2 kB.
  static let smallestDataset = 16 << 10
  /// Bytes of a large chunk. A reader decodes chunks whole up to this size (`HDF5Limits.streamedChunk`).
  static let largestChunk = 256 << 10
  /// Bytes of all chunks that are being filled, or read, at once; a tensor's bytes come in flat order, so that these are
  /// one for each block that the order goes to and fro between.
  static let openBytes = 8 << 20
  /// Bytes that chunks must have on average: noise that is read in them takes a hundredth more than its own bytes.
  private static let smallestChunk = 4 << 10
  /// What a chunk takes besides its bytes, about: its place in the index, the frame of its stream, its codes.
  private static let chunkCost = 256

  /// The chunks of a tensor that is stored whole; nil when its dataset stays contiguous.
  static func whole(_ spec: TensorSpec) -> ChunkPlan? {
    guard spec.byteCount >= smallestDataset else { return nil }
    let size = spec.dtype.storage.type.size
    var shape = spec.wholeDatasetShape
    // Chunks are runs of the flat tensor, so that it can be streamed: everything inside one dimension, and of that
    // dimension some positions.
    var inner = size
    var dimension = shape.count - 1
    while dimension > 0, inner * shape[dimension] <= largestChunk {
      inner *= shape[dimension]
      dimension -= 1
    }
    let extent = shape[dimension]
    let most = largestChunk / inner
    let count = (extent + most - 1) / most
    for outer in 0..<dimension { shape[outer] = 1 }
    shape[dimension] = (extent + count - 1) / count
    return ChunkPlan(shape: shape, byteCount: shape[dimension] * inner, rowBytes: extent * inner)
  }

  /// The chunks of a dataset of blocks, each of which begins with a chunk; nil when it stays contiguous.
  ///
  /// - Parameters:
  ///   - blocks: bytes of each.
  ///   - openCount: how many blocks of the tensor its flat order goes to and fro between.
  static func blocks(_ blocks: [Int], elementSize: Int, openCount: Int) -> ChunkPlan? {
    let total = blocks.reduce(0, +)
    guard total >= smallestDataset else { return nil }
    let limit = min(largestChunk, openBytes / max(1, openCount)) / elementSize * elementSize
    guard limit >= smallestChunk else { return nil }
    var counts: [Int: Int] = [:]
    for block in blocks { counts[block, default: 0] += 1 }
    let sizes = counts.keys.sorted(by: >)
    // Units are of equal size, or nearly, and so are their blocks: a part of one fits the others too.
    var best: (plan: ChunkPlan, cost: Int)?
    for size in sizes.prefix(8) {
      let fewest = (size + limit - 1) / limit
      for count in fewest..<fewest + 32 {
        let elements = (size / elementSize + count - 1) / count
        let plan = ChunkPlan(shape: [elements], byteCount: elements * elementSize, rowBytes: .max)
        let chunkCount = sizes.reduce(0) { $0 + plan.chunkCount(ofBlock: $1) * (counts[$1] ?? 0) }
        let padding = chunkCount * plan.byteCount - total
        guard padding <= total / 128, chunkCount <= total / smallestChunk else { continue }
        // Without gaps the elements are those of a contiguous dataset, which is worth a little.
        let cost = padding + chunkCount * chunkCost + (padding > 0 ? total / 256 : 0)
        if cost < best?.cost ?? .max { best = (plan, cost) }
      }
    }
    return best?.plan
  }

  /// The chunks that a block of so many bytes fills, the last one perhaps not to its end.
  func chunkCount(ofBlock byteCount: Int) -> Int {
    let row = min(rowBytes, byteCount)
    return byteCount / row * ((row + self.byteCount - 1) / self.byteCount)
  }

  /// The bytes of a block, or of a whole tensor, that are in its chunk of this number.
  func filledBytes(ofChunk number: Int, block byteCount: Int) -> Int {
    let row = min(rowBytes, byteCount)
    let perRow = (row + self.byteCount - 1) / self.byteCount
    return min(self.byteCount, row - number % perRow * self.byteCount)
  }

  /// The chunk that has a byte of a block, counted from the block's first.
  func chunk(ofByte place: Int, block byteCount: Int) -> Int {
    let row = min(rowBytes, byteCount)
    return place / row * ((row + self.byteCount - 1) / self.byteCount) + place % row / self.byteCount
  }

  /// Where a block may begin that is to begin at `offset` or behind it.
  func blockOffset(_ offset: Int) -> Int { (offset + byteCount - 1) / byteCount * byteCount }
}

extension TensorPlacement {
  /// How many blocks the flat order of the tensor goes to and fro between: all that have the same part on the first cut
  /// dimension where this one is the outermost and its parts follow one another; else all.
  var openBlockCount: Int {
    let counts = cutDimensions.map { cuts[$0]?.parts.count ?? 1 }
    let product = counts.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard let first = cutDimensions.first, let cut = cuts[first] else { return 1 }
    let isSequential = spec.shape[..<first].allSatisfy { $0 == 1 } && cut.segments.count == cut.parts.count
    return isSequential ? product / max(1, cut.parts.count) : product
  }
}
