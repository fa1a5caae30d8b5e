internal import FlatFormats

/// The index of sharded safetensors names files in its folder, each tensor is in exactly the shard that the index
/// gives, and `total_size` is the sum of the tensors' bytes.
///
/// Opening a set of shards checks all of this. No reader uses `total_size`, so a wrong one is only a note.
enum ShardsRule: ValidationRule {
  static let summary = "An index of shards names files in its folder, and exactly the tensors in them."
  static let subjects: RuleSubjects = .flat
  static let advice = "Fetch the missing or damaged shard again, or convert the weights to a new set."
  static let flatDefects: Set<FlatFormatRule> = [
    .shardsIndex, .shardsName, .shardsLink, .shardsMissingShard, .shardsMissingTensor, .shardsExtraTensor,
    .shardsDuplicateTensor, .shardsVerbatim,
  ]

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.totalSize], as: .shards, .warning)
  }
}
