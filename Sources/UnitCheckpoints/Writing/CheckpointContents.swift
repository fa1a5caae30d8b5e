package import Tensors
package import UnitModel

/// All contents of a unit checkpoint except the tensors' bytes.
package struct CheckpointContents: Sendable {
  /// The tensors in flat order, each with its cut and scope, and the axes.
  package let partition: Partition
  /// The specs of the tensors.
  package let specs: [TensorSpec]
  /// The tasks and levels.
  package let assignment: Assignment
  /// For each tensor, the index of the tensor whose bytes it shares, or nil.
  package let ties: [Int?]
  /// The plan as normalised JSON.
  package let plan: [UInt8]
  /// The origin of the flat weights, as JSON: format and shards.
  package let source: [UInt8]
  /// The header of each shard, with all of its bytes, so that the same file can be written again.
  package let headers: [[UInt8]]
  /// The index of a set of shards, with all of its bytes; nil if there was none.
  package let shardIndex: [UInt8]?
  /// Whether sections that are large enough are compressed.
  package let isCompressed: Bool
  /// The tensors whose bytes are written, if the file is one of a set; nil for all.
  package var part: CheckpointPart?

  package init(
    _ plan: ResolvedPlan, ties: [Int?], text: [UInt8], source: [UInt8], headers: [[UInt8]],
    shardIndex: [UInt8]? = nil, isCompressed: Bool = false
  ) {
    partition = plan.partition
    specs = plan.partition.tensors.map(\.spec)
    assignment = plan.assignment
    self.ties = ties
    self.plan = text
    self.source = source
    self.headers = headers
    self.shardIndex = shardIndex
    self.isCompressed = isCompressed
  }

  /// Whether the bytes of the tensor with this number are written.
  package func holds(_ number: Int) -> Bool { part?.holds(number) ?? true }

  /// Makes the file part `number` of `count`, from these files. Returns the bytes of the tensors that are read for it.
  package mutating func take(part number: Int, of count: Int, from source: SourceFingerprint) -> Int {
    let sizes = specs.map(\.byteCount)
    let part = CheckpointPart(number, of: count, sizes: sizes, ties: ties, from: source)
    self.part = part
    return part.tensors.joined().reduce(0) { $0 + sizes[$1] }
  }
}
