internal import FlatFormats

/// The index of sharded safetensors names files in its folder, each tensor is in exactly the shard that the index
/// gives, and `total_size` is the sum of the tensors' bytes.
///
/// Opening a set of shards checks all of this. No reader uses `total_size` or `total_parameters`, so a wrong one is no
/// error. transformers cannot load an index without metadata.
///
/// A distributed checkpoint is such a set, too: each element of a tensor is in one piece.
enum ShardsRule: ValidationRule {
  static let summary =
    "An index of shards names files and their tensors exactly; pieces make up whole tensors."
  static let subjects: RuleSubjects = .flat
  static let advice = "Fetch the missing or damaged shard again, or convert the weights to a new set."
  static let flatDefects: Set<FlatFormatRule> = [
    .shardsIndex, .shardsName, .shardsLink, .shardsMissingShard, .shardsMissingTensor, .shardsExtraTensor,
    .shardsDuplicateTensor, .shardsVerbatim, .dcpFile, .dcpPiece, .dcpMissing, .dcpOverlap,
    .tensorflowShard, .tensorflowSlices,
  ]

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.noMetadata], as: .shards, .error)
      + subject.remarks([.totalSize], as: .shards, .warning)
      + subject.remarks([.totalParameters], as: .shards, .note)
  }
}
