internal import UnitCheckpoints

/// The file has the length it was written with; a tool that rewrites HDF5 changes it, and datasets are found by path.
enum PlacementRule: CheckpointRule {
  static let id = RuleID.placement
  static let isDeep = false

  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding] {
    if checkpoint.isPlacementValid { return [] }
    return [
      finding(
        checkpoint, .note, at: "/tessera/seal",
        "expected a file of \(checkpoint.writtenSize) bytes, found \(checkpoint.fileSize): another tool has "
          + "rewritten it, and its metadata has no checksum any more")
    ]
  }
}
