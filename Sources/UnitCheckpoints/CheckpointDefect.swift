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
  /// The stored headers do not have the checksum that the seal gives.
  case headersChecksum = "checkpoint.headers-checksum"
  /// There is more of something than one checkpoint may hold.
  case limit = "checkpoint.limit"
  /// The record of the flat file is not what the layout describes.
  case source = "checkpoint.source"
  /// The record of the flat file and the stored headers disagree.
  case sourceHeaders = "checkpoint.source-headers"
  /// The stored index of a set of shards does not have the digest that the record gives.
  case shardIndex = "checkpoint.shard-index"
  /// The plan and the tables say different things.
  case planDisagrees = "checkpoint.plan-disagrees"

  // Tables that refer to each other.
  /// A row refers to rows behind the end of another table.
  case rowRange = "checkpoint.row-range"
  /// Rows are skipped, or shared by two owners.
  case rowOrder = "checkpoint.row-order"
  /// No row refers to the rows at the end of a table.
  case rowLeftOver = "checkpoint.row-left-over"
  /// A name reaches past the end of the names.
  case nameRange = "checkpoint.name-range"
  /// A name is not UTF-8.
  case nameText = "checkpoint.name-text"
  /// Names share bytes.
  case nameOverlap = "checkpoint.name-overlap"
  /// A unit is too large, or a list of units repeats one or is out of order.
  case unitList = "checkpoint.unit-list"

  // Cuts and networks.
  /// A segment is empty, too long, or of no part.
  case cutSegment = "checkpoint.cut-segment"
  /// Two axes of one name, an axis without a cut of its own, or axes of a dimension out of order.
  case axis = "checkpoint.axis"
  /// Two tasks of one name, or units for an axis of no network.
  case network = "checkpoint.network"
  /// Networks of a scope out of order, or two scopes of the same networks.
  case scope = "checkpoint.scope"
  /// A name or a mask for networks that do not have the tensor, or a mask that fits no tensor.
  case view = "checkpoint.view"

  // Tensors.
  /// Two tensors have one name.
  case tensorName = "checkpoint.tensor-name"
  /// An unknown dtype.
  case tensorDType = "checkpoint.tensor-dtype"
  /// A dimension refers to no cut, or to a cut of another extent.
  case tensorDimension = "checkpoint.tensor-dimension"
  /// The shape's size overflows or ends inside a byte.
  case tensorShape = "checkpoint.tensor-shape"
  /// The cuts of a tensor make more blocks than any writer writes.
  case tensorBlocks = "checkpoint.tensor-blocks"
  /// A tie to no other tensor.
  case tieTarget = "checkpoint.tie-target"
  /// A tie to a tensor that is tied itself or differs in dtype, shape, cut, users or digest.
  case tieDisagrees = "checkpoint.tie-disagrees"
  /// An owner map is none, or gives elements to other owners than have them.
  case ownerMap = "checkpoint.owner-map"
  /// Channels in a task's order on a dimension that is cut or that no tensor has.
  case reordering = "checkpoint.reordering"

  // Sections.
  /// A section that no tensor needs, that is listed twice, or that is not listed.
  case section = "checkpoint.section"
  /// The sections together hold more than a file of this size can.
  case sectionTotal = "checkpoint.section-total"
  /// The size of pages is impossible, or there are more or fewer checksums than pages.
  case pages = "checkpoint.pages"

  // The index against the file.
  /// A section lies outside the file.
  case placementOutside = "checkpoint.placement-outside"
  /// Two sections share bytes of the file.
  case placementOverlap = "checkpoint.placement-overlap"
  /// A dataset's HDF5 type is not that of its section.
  case datasetType = "checkpoint.dataset-type"
  /// A dataset's length is not that of its section.
  case datasetLength = "checkpoint.dataset-length"
  /// A dataset's bytes are elsewhere than the index says, or were never written.
  case datasetStorage = "checkpoint.dataset-storage"
  /// A chunked dataset has no chunks, not all of them, other filters, or chunks that are no pages.
  case datasetChunks = "checkpoint.dataset-chunks"
  /// A page does not have its checksum.
  case pageChecksum = "checkpoint.page-checksum"
}
