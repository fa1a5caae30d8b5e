/// The limits of one checkpoint. The writer checks them before it writes, and the reader before it decodes.
///
/// The limits of a plan are in other types: units in `Partition`, networks in `Assignment`, blocks of a tensor in
/// `TensorPlacement`, segments of a cut in `DimensionCut`, and channels of an axis in `ChannelAxis`.
package enum LayoutLimits {
  /// Tensors. The rows that describe one tensor are kept in memory; together they take about 400 bytes.
  package static let tensors = 1 << 19
  /// Bytes of all tables. They are decoded into values of about the same size. A compressed table of zeros takes only a
  /// thousandth of its size in the file.
  package static let tableBytes = 128 << 20
  /// Bytes of all headers; safetensors allows 100 MB for one.
  package static let headerBytes = 128 << 20
  /// Sections, not counting the datasets of whole tensors; k = 256 makes 32,896 of them.
  package static let sections = 65_536
  /// Pairs of a tensor and a section with a block of it; each takes one step when offsets are added up.
  package static let stretches = 1 << 26
  /// Blocks of all different cuts; they are counted once when a file is opened.
  package static let blocks = 1 << 24
  /// Blocks of all tensors; each takes one step when a whole file is read.
  package static let allBlocks = 1 << 25
  /// Axes in all different lists of axes.
  package static let axisNumbers = 1 << 22
  /// Units of all networks.
  package static let networkUnits = 1 << 24
  /// Bytes of a page; a reader keeps a run of pages for each section.
  package static let pageBytes = 1_024...1 << 20

  /// Bytes of all tables in a file of `fileSize` bytes. Text and rows compress to about a tenth; tables that claim a
  /// far better ratio would fill memory when decoded.
  package static func tableBytes(inFileOf fileSize: Int) -> Int {
    fileSize > tableBytes ? tableBytes : min(tableBytes, (1 << 20) + 100 * fileSize)
  }
}
