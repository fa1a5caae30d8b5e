/// What can be wrong with a unit checkpoint whose HDF5 structure can be read; the raw values are stable rule ids.
///
/// Every case has a forged file in the tests, which fail when one is missing.
package enum CheckpointDefect: String, CaseIterable, Sendable {
  // The metadata group.
  /// A table's elements are not those of the layout.
  case tableType = "checkpoint.table-type"
  /// The tables or the stored headers are larger than a reader takes.
  case tableSize = "checkpoint.table-size"
  /// The index does not have the checksum that the seal gives.
  case indexChecksum = "checkpoint.index-checksum"
  /// The record of the flat file is not what the layout describes.
  case source = "checkpoint.source"
  /// The record of the flat file and the stored headers disagree.
  case sourceHeaders = "checkpoint.source-headers"
  /// The stored index of a set of shards does not have the digest that the record gives.
  case shardIndex = "checkpoint.shard-index"

  // Tables that refer to each other.
  /// A row refers to rows behind the end of another table.
  case rowRange = "checkpoint.row-range"
  /// Rows are skipped, or shared by two owners.
  case rowOrder = "checkpoint.row-order"
  /// Rows at the end of a table belong to nobody.
  case rowLeftOver = "checkpoint.row-left-over"
  /// A name reaches past the end of the names.
  case nameRange = "checkpoint.name-range"
  /// A name is not UTF-8.
  case nameText = "checkpoint.name-text"
  /// Names share bytes.
  case nameOverlap = "checkpoint.name-overlap"

  // Cuts.
  /// A part is neither common nor a unit on an axis.
  case cutPart = "checkpoint.cut-part"
  /// A segment is empty, too long, or of a part that the cut does not have.
  case cutSegment = "checkpoint.cut-segment"

  // Tensors.
  /// Two tensors have one name.
  case tensorName = "checkpoint.tensor-name"
  /// An unknown dtype.
  case tensorDType = "checkpoint.tensor-dtype"
  /// A dimension refers to no cut, or to a cut of another extent.
  case tensorDimension = "checkpoint.tensor-dimension"
  /// The shape's size overflows or ends inside a byte.
  case tensorShape = "checkpoint.tensor-shape"
  /// The bytes of a tensor are not those of its dtype and shape.
  case tensorBytes = "checkpoint.tensor-bytes"
  /// The cuts of a tensor make more blocks than any writer writes.
  case tensorBlocks = "checkpoint.tensor-blocks"
  /// A tie to no other tensor, or of a tensor that has datasets of its own.
  case tieTarget = "checkpoint.tie-target"
  /// A tie to a tensor that is tied itself or differs in dtype, shape, cut or digest.
  case tieDisagrees = "checkpoint.tie-disagrees"

  // Datasets and blocks of the index.
  /// A dataset row is another tensor's, of no group, or the second one in a group.
  case datasetOwner = "checkpoint.dataset-owner"
  /// The length or the address of a dataset is impossible.
  case datasetExtent = "checkpoint.dataset-extent"
  /// The datasets together hold more than a file of this size can.
  case datasetTotal = "checkpoint.dataset-total"
  /// A block has other than one coordinate per cut dimension.
  case blockCoordinates = "checkpoint.block-coordinates"
  /// A coordinate is no part of its cut.
  case blockPart = "checkpoint.block-part"
  /// A block lies in the dataset of another unit.
  case blockOwner = "checkpoint.block-owner"
  /// A block is longer or shorter than its parts, or begins elsewhere than where the one before it ends.
  case blockExtent = "checkpoint.block-extent"
  /// The blocks of a tensor are more or fewer bytes than it has.
  case blockTotal = "checkpoint.block-total"
  /// An owner map is none, or gives elements to other owners than have them.
  case ownerMap = "checkpoint.owner-map"
  /// A block of a tensor is there twice or not at all.
  case blockMissing = "checkpoint.block-missing"

  // The index against the file.
  /// A dataset lies outside the file.
  case placementOutside = "checkpoint.placement-outside"
  /// Two datasets share bytes of the file.
  case placementOverlap = "checkpoint.placement-overlap"
  /// A dataset's HDF5 type is not that of its tensor.
  case datasetType = "checkpoint.dataset-type"
  /// A dataset's length is not that of the index.
  case datasetLength = "checkpoint.dataset-length"
  /// A dataset's bytes are elsewhere than the index says, or were never written.
  case datasetStorage = "checkpoint.dataset-storage"
  /// A dataset of the index's chunked ones has none, or other filters, not all of them, or blocks inside chunks.
  case datasetChunks = "checkpoint.dataset-chunks"
  /// A stored run does not have its checksum.
  case runChecksum = "checkpoint.run-checksum"
}
