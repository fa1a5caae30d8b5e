/// The limits of one checkpoint. The writer refuses what exceeds them before it writes, the reader before it decodes.
///
/// Units, networks, blocks of a tensor, segments of a cut and channels of an axis are limits of a plan, in `Partition`,
/// `Assignment`, `TensorPlacement`, `DimensionCut` and `ChannelAxis`.
package enum LayoutLimits {
  /// Tensors. The rows that describe a tensor are kept in memory, about 400 bytes together.
  package static let tensors = 1 << 19
  /// Bytes of all tables. They are decoded into values of about the same size, and a compressed table of zeros takes
  /// only a thousandth of that in the file.
  package static let tableBytes = 128 << 20
  /// Bytes of all headers: safetensors allows 100 MB for one.
  package static let headerBytes = 128 << 20
  /// Sections, without the datasets of whole tensors: k = 256 makes 32,896 of them.
  package static let sections = 65_536
  /// Pairs of a tensor and a section with a block of it; each takes a step when offsets are added up.
  package static let stretches = 1 << 26
  /// Blocks of all different cuts, which are counted once when a file is opened.
  package static let blocks = 1 << 24
  /// Blocks of all tensors; each takes a step when a file is read whole.
  package static let allBlocks = 1 << 25
  /// Axes of all different lists of axes.
  package static let axisNumbers = 1 << 22
  /// Units of all networks.
  package static let networkUnits = 1 << 24
  /// Bytes of a page; a reader keeps a run of pages for each section.
  package static let pageBytes = 1_024...1 << 20

  /// Bytes of all tables of a file with `fileSize` bytes: text and rows compress to a tenth, and tables that claim to
  /// compress far better would fill memory when decoded.
  package static func tableBytes(inFileOf fileSize: Int) -> Int {
    fileSize > tableBytes ? tableBytes : min(tableBytes, (1 << 20) + 100 * fileSize)
  }
}
