internal import FlatFormats
internal import HDF5Kit
internal import ONNXGraph
internal import UnitCheckpoints
internal import Zip

/// The container can be decoded: the structures of HDF5, and the header or the directory of another file.
enum StructureRule: ValidationRule {
  static let summary = "The container can be decoded: HDF5 structures, or a file's header or directory."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let defects: Set<CheckpointDefect> = [.tableType, .tableSize, .limit]
  static let flatDefects: Set<FlatFormatRule> = [
    .safetensorsLength, .safetensorsHeaderBounds, .safetensorsHeaderStart, .safetensorsPadding,
    .safetensorsSyntax, .safetensorsText, .safetensorsInteger, .safetensorsDuplicateField,
    .safetensorsDuplicateMetadata, .safetensorsUnknownField, .safetensorsMissingField,
    .safetensorsReservedName, .npyMagic, .npyHeaderBounds, .npyHeaderLimit, .npySyntax, .npyDuplicateKey,
    .npyUnknownKey, .npyMissingKey, .npyOrder, .pickleTruncated, .pickleOpcode, .pickleVersion, .pickleStack,
    .pickleMemo, .pickleArgument, .torchMembers, .torchVersion, .torchByteOrder, .torchLegacy, .torchStorage,
    .torchAmplification, .hdf5Structure, .kerasLayers, .kerasArchive, .kerasShards, .ggufMagic,
    .ggufTruncated,
    .ggufKey, .ggufDuplicateKey, .ggufValueType, .ggufAlignment,
    .dcpMetadata, .dcpRanks,
    .flaxStructure, .flaxChunks, .tensorflowTable, .tensorflowEntry, .tensorflowGraph,
  ]
  static let zipDefects: Set<ZipRule> = [
    .end, .comment, .end64, .directoryBounds, .directorySignature, .directorySize, .extra, .extra64,
    .localSignature, .local, .ratio,
  ]
  static let graphDefects: Set<ONNXRule> = [.wire, .fieldType, .text, .noGraph, .external, .attribute]

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.ggufBeyondGGML], as: .structure, .warning)
  }

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    subject.refusals.compactMap { error in
      switch error {
      // Objects of other programs may use features that are not supported here.
      case .unsupported: nil
      default: subject.finding(.hdf5(path: subject.examination.path, error))
      }
    }
  }
}
