internal import Conversion
package import UnitCheckpoints
package import UnitModel

extension CheckpointContents {
  /// The contents of a checkpoint, to be written again.
  ///
  /// - Parameters:
  ///   - plan: another plan for the same tensors, and its text; nil for the checkpoint's own.
  ///   - isCompressed: whether tensors are compressed.
  init(
    of checkpoint: UnitCheckpoint, plan: (resolved: ResolvedPlan, text: [UInt8])? = nil, isCompressed: Bool
  ) throws {
    let index = try checkpoint.sourceRecord().index.flatMap { (index) throws(CheckpointError) in
      index.header == nil ? try checkpoint.shardIndexBytes(index) : nil
    }
    self.init(
      try plan?.resolved ?? checkpoint.resolvedPlan(), ties: checkpoint.index.tensors.map(\.tiedTo),
      text: plan?.text ?? checkpoint.planText, source: checkpoint.sourceText,
      headers: try checkpoint.headers(), shardIndex: index, isCompressed: isCompressed)
  }
}
