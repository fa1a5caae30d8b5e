internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// The chunks of a compressed section's dataset.
struct ChunkPlan: Hashable {
  /// The number of elements of a chunk along each dimension of the dataset.
  let shape: [Int]
  /// Bytes of a chunk before it is compressed.
  let byteCount: Int
  /// The bytes of a row; a chunk begins at the start of each row. One dimension is divided into chunks. A row has all
  /// positions of this dimension, and everything inside them.
  let rowBytes: Int

  /// A smaller dataset, in bytes, stays contiguous: the index of the chunks alone takes 2 kB.
  static let smallestDataset = 16 << 10
  /// The largest chunk in bytes. A reader decodes chunks of up to this size as a whole (`HDF5Limits.streamedChunk`).
  static let largestChunk = 256 << 10

  /// The chunks of a section; nil if its dataset stays contiguous.
  ///
  /// - Parameter spec: the spec of the tensor, if the section is a whole tensor.
  init?(_ section: IndexedSection, _ spec: TensorSpec?, pageBytes: Int) {
    guard section.byteCount >= Self.smallestDataset else { return nil }
    let size = section.key.dtype.storage.type.size
    guard let spec else {
      byteCount = min(pageBytes, section.byteCount)
      shape = [byteCount / size]
      rowBytes = section.byteCount
      return
    }
    var shape = spec.wholeDatasetShape
    // Chunks are runs of the flat tensor, so that it can be streamed: some positions of one dimension, and everything
    // inside them.
    var inner = size
    var dimension = shape.count - 1
    while dimension > 0, inner * shape[dimension] <= Self.largestChunk {
      inner *= shape[dimension]
      dimension -= 1
    }
    let extent = shape[dimension]
    let most = Self.largestChunk / inner
    let count = (extent + most - 1) / most
    for outer in 0..<dimension { shape[outer] = 1 }
    shape[dimension] = (extent + count - 1) / count
    self.shape = shape
    byteCount = shape[dimension] * inner
    rowBytes = extent * inner
  }
}

extension SectionMap {
  /// The bytes of a page, for sections of these sizes. One page of each section may be waiting for bytes at the same
  /// time; together they must fit 32 MiB. There should be at most 2²⁰ pages.
  static func pageBytes(of sizes: [Int], isCompressed: Bool) -> Int {
    var bytes = isCompressed ? ChunkPlan.largestChunk : 64 << 10
    func open(_ bytes: Int) -> Int { sizes.reduce(0) { $0 &+ min(bytes, $1) } }
    while bytes > LayoutLimits.pageBytes.lowerBound, open(bytes) > 32 << 20 { bytes /= 2 }
    // A chunk is a page, and is decoded as a whole.
    let most = isCompressed ? ChunkPlan.largestChunk : LayoutLimits.pageBytes.upperBound
    while bytes < most,
      sizes.reduce(0, { $0 &+ pages(of: $1, bytes) }) > 1 << 20 + sizes.count
    { bytes *= 2 }
    return bytes
  }
}
