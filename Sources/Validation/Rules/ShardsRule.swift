/// The index of sharded safetensors names files beside it, every tensor is in the shard that it names and in no other,
/// and `total_size` is what they add up to.
///
/// Opening a set of shards looks at all of that.
enum ShardsRule: ValidationRule {
  static let summary = "An index of shards names files beside it, and exactly the tensors that are in them."
}
