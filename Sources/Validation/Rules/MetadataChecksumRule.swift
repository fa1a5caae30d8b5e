internal import UnitCheckpoints

/// Every byte outside the tensors' data is what was written: HDF5's own structures carry no checksum of their own.
enum MetadataChecksumRule: CheckpointRule {
  static let id = RuleID.metadataChecksum
  static let isDeep = false

  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding] {
    guard checkpoint.hasWrittenSize else { return [] }
    do throws(CheckpointError) {
      if try checkpoint.hasIntactMetadata() { return [] }
      return [
        finding(
          checkpoint, at: "/",
          "expected the bytes outside the tensors' data to match the seal, found a change in HDF5's structures "
            + "or between datasets")
      ]
    } catch { return [finding(checkpoint, at: "/", error)] }
  }
}
