internal import UnitCheckpoints

/// What the checkpoint remembers of the flat file can be read, and has the headers that it says.
enum SourceHeaderRule: CheckpointRule {
  static let id = RuleID.sourceHeader
  static let isDeep = false

  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding] {
    do throws(CheckpointError) {
      try checkpoint.checkSource()
      return []
    } catch { return [finding(checkpoint, at: "/tessera/source", error)] }
  }
}
