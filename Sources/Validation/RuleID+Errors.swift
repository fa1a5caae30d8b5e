package import FlatFormats
package import UnitCheckpoints
internal import UnitModel

extension RuleID {
  /// The rule that an error of a checkpoint breaks.
  init(_ error: CheckpointError) {
    switch error {
    case .file, .hdf5, .stream, .unsupported: self = .structure
    case .notACheckpoint, .unknownVersion: self = .identity
    case .plan(_, let error): self = RuleID(error)
    case .broken(let defect, _, _, _, _): self = RuleID(defect)
    }
  }

  /// The rule that a defect of the layout breaks.
  package init(_ defect: CheckpointDefect) {
    self =
      switch defect {
      case .tableType, .tableSize, .limit: .structure
      case .indexChecksum: .indexChecksum
      case .headersChecksum, .source, .sourceHeaders, .shardIndex: .sourceHeader
      case .planDisagrees: .plan
      case .rowRange, .rowOrder, .rowLeftOver, .section, .sectionTotal, .pages: .index
      case .nameRange, .nameText, .nameOverlap, .tensorName: .names
      case .tensorDType, .tensorDimension, .tensorShape: .shapes
      case .cutSegment, .axis, .unitList, .tensorBlocks, .reordering: .units
      case .network: .levels
      case .scope, .view: .scopes
      case .tieTarget, .tieDisagrees: .ties
      case .placementOutside, .placementOverlap: .sectionRange
      case .datasetType, .datasetLength, .datasetStorage, .datasetChunks: .dataset
      case .pageChecksum: .pageChecksum
      case .ownerMap: .owners
      }
  }

  /// The rule that a plan's error breaks.
  init(_ error: PlanError) {
    self =
      switch error {
      case .unknownRule, .tooFewUnits, .unitOutOfRange, .unitTwice, .levelTooLarge, .levelsDisagree,
        .tooManyNetworks:
        .levels
      case .outOfRange(let place, _, _) where place.hasSuffix(".order") || place.hasSuffix(".levels"): .levels
      case .unknownTask, .unknownLevel, .compactUnscoped, .aliasTaken: .scopes
      case .tiedApart: .ties
      default: .plan
      }
  }

  /// The rule that an error of a flat file breaks.
  package init(_ rule: FlatFormatRule) {
    self =
      switch rule {
      case .safetensorsHole, .safetensorsOverlap, .safetensorsBodySize, .npyDataSize, .zipOverlap,
        .zipDataBounds, .zipStoredSize, .torchStorageSize, .onnxData:
        .tiles
      case .zipCRC, .zipDeflate, .zipShort, .zipLong: .memberChecksum
      case .safetensorsDType, .safetensorsShape, .safetensorsSize, .npyShape, .npyDType, .torchBounds,
        .torchTensor, .onnxShape, .onnxDType:
        .shapes
      case .pickleGlobals: .pickleGlobals
      // A limit of ours: the file may be sound, and nothing has seen that it is.
      case .leftOut, .pickleLimit, .torchNesting, .torchPacked, .onnxCount, .onnxNesting, .shardsLimit,
        .safetensorsHeaderLimit:
        .unexamined
      case .safetensorsDuplicateTensor, .torchDuplicateName, .zipDuplicateName, .zipName, .zipNameEncoding,
        .onnxName:
        .names
      case .shardsIndex, .shardsName, .shardsLink, .shardsMissingShard, .shardsMissingTensor,
        .shardsExtraTensor, .shardsDuplicateTensor, .shardsVerbatim:
        .shards
      default: .structure
      }
  }
}

extension FlatFormatRule {
  /// Whether a file that breaks the rule may be sound, and uses what is not supported here.
  var isUnsupported: Bool {
    switch self {
    case .notRecognised, .shardsFolder, .npyVersion, .npyObject, .npyStructured, .npyLongDouble, .npyOpaque,
      .npyAssumedWidth, .npzMember, .zipDisks, .zipEncrypted, .zipMethod, .torchNoTensors, .torchTar,
      .onnxSegment:
      true
    default: false
    }
  }
}
