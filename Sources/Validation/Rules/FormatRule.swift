internal import FlatFormats
internal import UnitCheckpoints

/// The bytes are of the format that the file's name promises.
///
/// Programs and people trust the name: both would accept a pickle named `.safetensors`. The suffixes of PyTorch's older
/// files (`.bin`, `.ckpt`) promise nothing.
enum FormatRule: ValidationRule {
  static let summary = "The bytes are of the format that the file's name promises."
  static let advice =
    "Fetch the file if it is a Git LFS pointer. Otherwise find out where it came from, and rename it if you trust that source."
  static let subjects: RuleSubjects = [.checkpoint, .flat]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let promise = FlatFormats.promise(ofName: subject.examination.path), promise != "hdf5" else {
      return []
    }
    return [subject.finding(.format, at: "", words(promise, "a unit checkpoint (HDF5)"))]
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    guard let promise = FlatFormats.promise(ofName: subject.path) else {
      // Some recognised files are text too, such as a pickle of protocol 0.
      guard subject.kind == nil, let file = subject.file, FlatFormats.isStandIn(file) else { return [] }
      return [subject.finding(.format, at: "", "expected the content of the file, found \(subject.found)")]
    }
    guard promise != subject.found,
      ![("pytorch", "pickle"), ("hdf5", "keras")].contains(where: { $0 == (promise, subject.found) })
    else { return [] }
    return [subject.finding(.format, at: "", words(promise, subject.found))]
  }

  private static func words(_ promise: String, _ found: String) -> String {
    "expected \(promise == "hdf5" ? "HDF5" : promise) from its name, found \(found)"
  }
}
