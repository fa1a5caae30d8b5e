internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// The chunks of a compressed section's dataset.
struct ChunkPlan: Hashable {
  /// Elements of a chunk along each dimension of the dataset.
  let shape: [Int]
  /// Bytes of a chunk before it is compressed.
  let byteCount: Int
  /// Bytes of a row; a chunk begins at the start of each row. A row has all positions of the dimension in which chunks
  /// are shorter than the dataset, with everything inside.
  let rowBytes: Int

  /// Bytes below which a dataset stays contiguous: the index of the chunks alone takes 2 kB.
  static let smallestDataset = 16 << 10
  /// Bytes of a large chunk. A reader decodes chunks whole up to this size (`HDF5Limits.streamedChunk`).
  static let largestChunk = 256 << 10

  /// The chunks of a section; nil when its dataset stays contiguous.
  ///
  /// - Parameter spec: the spec of the whole tensor, if the section is one.
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
    // Chunks are runs of the flat tensor, so that it can be streamed: some positions of one dimension, with everything
    // inside it.
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
  /// Bytes of a page of sections with these sizes. One page of each section, which may all wait for bytes at once, must
  /// fit in 32 MiB together, and there should be at most 2²⁰ pages.
  static func pageBytes(of sizes: [Int], isCompressed: Bool) -> Int {
    var bytes = isCompressed ? ChunkPlan.largestChunk : 64 << 10
    func open(_ bytes: Int) -> Int { sizes.reduce(0) { $0 &+ min(bytes, $1) } }
    while bytes > LayoutLimits.pageBytes.lowerBound, open(bytes) > 32 << 20 { bytes /= 2 }
    // A chunk is a page, and is decoded whole.
    let most = isCompressed ? ChunkPlan.largestChunk : LayoutLimits.pageBytes.upperBound
    while bytes < most,
      sizes.reduce(0, { $0 &+ pages(of: $1, bytes) }) > 1 << 20 + sizes.count
    { bytes *= 2 }
    return bytes
  }
}
