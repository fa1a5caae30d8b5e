/// What one checkpoint may hold. The writer refuses what is beyond before it writes, the reader before it decodes.
///
/// Units, networks, blocks of a tensor, segments of a cut and channels of an axis are limits of a plan, and are those of
/// `Partition`, `Assignment`, `TensorPlacement`, `DimensionCut` and `ChannelAxis`.
package enum LayoutLimits {
  /// Tensors. A row of each table that describes one is kept in memory, some 400 bytes together.
  package static let tensors = 1 << 19
  /// Bytes of all tables. They are decoded into values of about the same size, and a compressed table of zeros costs its
  /// sender a thousandth of that.
  package static let tableBytes = 128 << 20
  /// Bytes of all headers: safetensors allows 100 MB for one.
  package static let headerBytes = 128 << 20
  /// Sections, without the datasets of whole tensors: k = 256 makes 32,896 of them.
  package static let sections = 65_536
  /// Pairs of a tensor and a section with a block of it: each costs a step when offsets are added up.
  package static let stretches = 1 << 26
  /// Blocks of all cuts that differ, which are counted once when a file is opened.
  package static let blocks = 1 << 24
  /// Blocks of all tensors: each costs a step when a file is read whole.
  package static let allBlocks = 1 << 25
  /// Axes of all lists of axes that differ.
  package static let axisNumbers = 1 << 22
  /// Units of all networks.
  package static let networkUnits = 1 << 24
  /// Bytes of a page: a reader keeps some of each section.
  package static let pageBytes = 1_024...1 << 20

  /// Bytes of all tables of a file with `fileSize` bytes: text and rows shrink to a tenth, and what shrinks to less is a
  /// promise that decoding would keep.
  package static func tableBytes(inFileOf fileSize: Int) -> Int {
    fileSize > tableBytes ? tableBytes : min(tableBytes, (1 << 20) + 100 * fileSize)
  }
}
