internal import FlatFormats

/// The index of sharded safetensors names files beside it, each tensor is in exactly the shard that it gives, and
/// `total_size` is the sum of their bytes.
///
/// Opening a set of shards checks all of that. No reader uses `total_size`, so a wrong one is only a remark.
enum ShardsRule: ValidationRule {
  static let summary = "An index of shards names files beside it, and exactly the tensors that are in them."
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
