internal import Tensors

/// Every path and attribute name of layout version 2. The specification is schemas/checkpoint-layout-v2.md.
package enum Layout {
  /// Root attribute, ASCII: the kind of file.
  static let formatAttribute = "format"
  static let formatValue = "tessera.checkpoint"
  /// The value for a file that holds a part of the tensors. Readers of whole checkpoints must refuse it.
  static let partFormatValue = "tessera.part"
  /// Root attribute, two u32: major and minor version.
  static let versionAttribute = "layout_version"
  static let version: [UInt32] = [2, 0]
  /// Attribute of a whole tensor's dataset whose HDF5 type cannot express the dtype.
  static let dtypeAttribute = "dtype"

  /// Groups at the root.
  static let metadataGroup = "tessera"
  static let wholeGroup = "tensors"
  static let commonGroup = "common"
  static let intraGroup = "intra"
  static let interGroup = "inter"
  static let freeGroup = "free"
  static let privateGroup = "private"
  /// Groups at the root that hold tensors' data.
  static let dataGroups = [wholeGroup, commonGroup, intraGroup, interGroup, freeGroup, privateGroup]

  /// Datasets of the metadata group, in the order of the index checksum.
  package enum Table: String, CaseIterable {
    case names, tensors, dimensions
    case cutAxes = "cut_axes"
    case axes, cuts, segments, units, tasks, networks
    case axisUnits = "axis_units"
    case scopes
    case scopeNetworks = "scope_networks"
    case views, owned, reordered, sections, pages, plan, source
    /// Only in a file of a set: the tensors whose bytes it holds.
    case part

    /// The path from the root.
    var path: String { "\(metadataGroup)/\(rawValue)" }
  }

  /// The scalar dataset with the file's length and the checksums of the index and of the rest of the file.
  static let seal = "seal"
  static let sealPath = "\(metadataGroup)/\(seal)"
  /// The group of the headers of flat files: `tessera/headers/<n>`, from 0.
  static let headersGroup = "tessera/headers"
  /// The index of a set of shards, with the same bytes.
  static let shardIndex = "shard_index"
  static let shardIndexPath = "\(metadataGroup)/\(shardIndex)"

  /// The address of data that must be found by its HDF5 path.
  static let noAddress = UInt64.max
}
