internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// How the dataset of a compressed section is cut into chunks.
struct ChunkPlan: Hashable {
  /// Elements of a chunk along each dimension of the dataset.
  let shape: [Int]
  /// Bytes of a chunk before it is compressed.
  let byteCount: Int
  /// Bytes after which chunks begin anew: the positions of the dimension in which chunks are shorter than the dataset,
  /// with all that is inside.
  let rowBytes: Int

  /// Datasets of fewer bytes stay contiguous: the index of the chunks alone takes 2 kB.
  static let smallestDataset = 16 << 10
  /// Bytes of a large chunk. A reader decodes chunks whole up to this size (`HDF5Limits.streamedChunk`).
  static let largestChunk = 256 << 10

  /// The chunks of a section; nil when its dataset stays contiguous.
  ///
  /// - Parameter spec: of the whole tensor, where it is one.
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
    // Chunks are runs of the flat tensor, so that it can be streamed: everything inside one dimension, and of that
    // dimension some positions.
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
  /// Bytes of a page of sections with these sizes: so that one page of each, which may all wait for their bytes at once,
  /// fits in 32 MiB, and that there are at most 2²⁰ pages.
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
