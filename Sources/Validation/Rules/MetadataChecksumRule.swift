internal import UnitCheckpoints

/// Every byte outside the tensors' data is unchanged. Some of HDF5's own structures have no checksums.
enum MetadataChecksumRule: ValidationRule {
  static let summary = "Every byte outside the tensors' data is unchanged."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint, checkpoint.hasWrittenSize else { return [] }
    do throws(CheckpointError) {
      if try checkpoint.hasIntactMetadata() { return [] }
      return [
        subject.finding(
          .metadataChecksum, at: "/",
          "expected the bytes outside the tensors' data to match the seal, found a change in HDF5's structures "
            + "or between datasets")
      ]
    } catch {
      let reported = error.reported(at: "/")
      return [subject.finding(.metadataChecksum, at: reported.location, reported.message)]
    }
  }
}
