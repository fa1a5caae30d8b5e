/// The defects of a unit checkpoint whose HDF5 structure can be read; the raw values are stable rule ids.
///
/// The tests have a forged file for each case, and fail if one is missing.
package enum CheckpointDefect: String, CaseIterable, Sendable {
  // The metadata group
  /// A table's elements do not have the layout's type.
  case tableType = "checkpoint.table-type"
  /// The tables or the stored headers are larger than a reader accepts.
  case tableSize = "checkpoint.table-size"
  /// The index does not match its checksum in the seal.
  case indexChecksum = "checkpoint.index-checksum"
  /// The stored headers do not match their checksum in the seal.
  case headersChecksum = "checkpoint.headers-checksum"
  /// A number in the checkpoint exceeds a limit of the layout.
  case limit = "checkpoint.limit"
  /// The record of the flat files violates the layout.
  case source = "checkpoint.source"
  /// The record of the flat files and the stored headers disagree.
  case sourceHeaders = "checkpoint.source-headers"
  /// The stored index of a set of shards does not match its digest in the record.
  case shardIndex = "checkpoint.shard-index"
  /// The plan and the tables disagree.
  case planDisagrees = "checkpoint.plan-disagrees"

  // Tables that refer to each other
  /// A row refers to rows after the end of another table.
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

  // Cuts and networks
  /// A cut has no segments or too many, or a segment has an impossible length, unit or slot.
  case cutSegment = "checkpoint.cut-segment"
  /// Two axes have one name, an axis has no cut with one slot, or the axes of a dimension are out of order.
  case axis = "checkpoint.axis"
  /// Two tasks have one name, or units on an axis have no network or are out of order.
  case network = "checkpoint.network"
  /// The networks of a scope are out of order, or two scopes have the same networks.
  case scope = "checkpoint.scope"
  /// A name or a mask is for networks that do not have the tensor, or a mask does not fit its tensor.
  case view = "checkpoint.view"

  // Tensors
  /// Two tensors have one name.
  case tensorName = "checkpoint.tensor-name"
  /// A dtype is unknown.
  case tensorDType = "checkpoint.tensor-dtype"
  /// A dimension refers to no cut, or to a cut of another extent or inside a byte.
  case tensorDimension = "checkpoint.tensor-dimension"
  /// The shape's size overflows or ends inside a byte.
  case tensorShape = "checkpoint.tensor-shape"
  /// The cuts of a tensor make more blocks than a writer may write.
  case tensorBlocks = "checkpoint.tensor-blocks"
  /// A tie refers to no other tensor.
  case tieTarget = "checkpoint.tie-target"
  /// A tie refers to a tensor that is itself tied, or that differs in dtype, shape, cut, users or digest.
  case tieDisagrees = "checkpoint.tie-disagrees"
  /// An owner map does not fit its tensor, or its numbers of elements differ from the table's.
  case ownerMap = "checkpoint.owner-map"
  /// A dimension that is stored in a task's order of channels is cut, or no tensor has it.
  case reordering = "checkpoint.reordering"

  // Sections
  /// A section is not needed by any tensor, is listed twice, or is missing.
  case section = "checkpoint.section"
  /// The sections together have more bytes than a file of this size can hold.
  case sectionTotal = "checkpoint.section-total"
  /// The page size is impossible, or the number of checksums differs from the number of pages.
  case pages = "checkpoint.pages"

  // A set of files
  /// The document that says which tensors a file holds is missing or wrong.
  case part = "checkpoint.part"
  /// The files of a set are not parts of one checkpoint, or their list does not describe them.
  case set = "checkpoint.set"

  // The index compared with the file
  /// A section is outside the file.
  case placementOutside = "checkpoint.placement-outside"
  /// Two sections share bytes of the file.
  case placementOverlap = "checkpoint.placement-overlap"
  /// A dataset's HDF5 type is not that of its section.
  case datasetType = "checkpoint.dataset-type"
  /// A dataset's length is not that of its section.
  case datasetLength = "checkpoint.dataset-length"
  /// A dataset's bytes are not where the index says, or were never written.
  case datasetStorage = "checkpoint.dataset-storage"
  /// A chunked dataset has no chunks, lacks some, has other filters, or has chunks that are not pages.
  case datasetChunks = "checkpoint.dataset-chunks"
  /// A page does not match its checksum.
  case pageChecksum = "checkpoint.page-checksum"
}
