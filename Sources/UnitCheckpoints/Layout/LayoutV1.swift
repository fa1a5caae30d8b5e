/// Every path and attribute name of layout version 1, once. The specification is schemas/checkpoint-layout-v1.md.
package enum LayoutV1 {
  /// Root attribute, ASCII: what the file is.
  static let formatAttribute = "format"
  static let formatValue = "tessera.checkpoint"
  /// Root attribute, two u32: major and minor version.
  static let versionAttribute = "layout_version"
  static let version: [UInt32] = [1, 0]
  /// The minor version that first has the index of a set of shards; other files are written as 1.0.
  static let shardsVersion: [UInt32] = [1, 1]
  /// The minor version that first has the files of a graph among the headers.
  static let graphVersion: [UInt32] = [1, 2]
  /// The minor version that first has elements packed by owner.
  static let ownersVersion: [UInt32] = [1, 3]
  /// Attribute of a dataset whose HDF5 type cannot say what its bytes are.
  static let dtypeAttribute = "dtype"

  /// Groups.
  static let metadataGroup = "tessera"
  static let sourceGroup = "tessera/source"
  static let unitsGroup = "units"
  static let commonGroup = "common"
  static let wholeGroup = "tensors"
  static let privateGroup = "private"
  /// Elements that an owner map gives to nobody (1.3).
  static let freeGroup = "free"

  /// Datasets of the metadata group, in the order in which the index checksum takes them.
  enum Table: String, CaseIterable {
    case names, tensors, dimensions, cuts, parts, segments, datasets, blocks, coordinates, plan, source
    var path: String { "\(metadataGroup)/\(rawValue)" }
  }

  /// The last dataset: where the file ends, what the index and the rest of it hash to.
  static let seal = "seal"
  static let sealPath = "\(metadataGroup)/\(seal)"

  /// The group of shard headers is `tessera/headers/<shard>`, from 0.
  static let headersGroup = "tessera/headers"
  /// The index of a set of shards, byte for byte (1.1).
  static let shardIndex = "shard_index"
  static let shardIndexPath = "\(metadataGroup)/\(shardIndex)"
}

/// Which group a dataset lies in; the number that stands for it in the index.
package enum DatasetOwner: Hashable, Sendable {
  /// Blocks whose part on the first cut dimension belongs to this unit.
  case unit(Int)
  /// Blocks whose part on the first cut dimension is common to all sub-networks.
  case common
  /// A tensor that is not cut, in its own shape.
  case whole
  /// A tensor that is not cut and that only some tasks or levels use.
  case wholePrivate
  /// Elements that their tensor's owner map gives to no unit.
  case free

  var code: Int64 {
    switch self {
    case .unit(let unit): Int64(unit)
    case .common: -1
    case .whole: -2
    case .wholePrivate: -3
    case .free: -4
    }
  }

  init?(code: Int64) {
    switch code {
    case 0...65_535: self = .unit(Int(code))
    case -1: self = .common
    case -2: self = .whole
    case -3: self = .wholePrivate
    case -4: self = .free
    default: return nil
    }
  }

  /// Whether the dataset holds a tensor in one piece and in its own shape.
  package var isWhole: Bool { self == .whole || self == .wholePrivate }

  /// What an owner map has for the elements in such a dataset; nil for datasets that no owner map is about.
  package var ownerNumber: Int? {
    switch self {
    case .free: 0
    case .unit(let unit): unit + 1
    default: nil
    }
  }

  /// The group's path from the root.
  package var group: String {
    switch self {
    case .unit(let unit): "\(LayoutV1.unitsGroup)/\(unit)"
    case .common: LayoutV1.commonGroup
    case .whole: LayoutV1.wholeGroup
    case .wholePrivate: LayoutV1.privateGroup
    case .free: LayoutV1.freeGroup
    }
  }
}
