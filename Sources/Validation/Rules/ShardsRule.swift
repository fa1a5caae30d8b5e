internal import FlatFormats

/// The index of sharded safetensors names files beside it, every tensor is in the shard that it names and in no other,
/// and `total_size` is what they add up to.
///
/// Opening a set of shards looks at all of that. Nobody reads by `total_size`, so that a wrong one stops nothing else.
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
