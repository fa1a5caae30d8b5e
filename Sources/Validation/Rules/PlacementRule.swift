internal import Tensors
internal import UnitCheckpoints

/// The file has its original length. If a tool has rewritten it, datasets are found by path.
enum PlacementRule: ValidationRule {
  static let summary = "The file has the length that it was written with. If not, sections are found by path."
  static let advice =
    "Nothing needs to be done: sections are found by their paths. Convert the file again for fast reading."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint, !checkpoint.hasWrittenSize else { return [] }
    return [
      subject.finding(
        .placement, .note, at: "/tessera/seal",
        "expected a file of \(checkpoint.writtenSize.grouped) bytes, found \(checkpoint.fileSize.grouped): another tool has "
          + "changed it, and HDF5's own structures have no checksum any more")
    ]
  }
}
