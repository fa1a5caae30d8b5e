internal import FlatFormats
internal import HDF5Kit

/// No link in the file leads to another place: another file, an object by its path, or a program's own storage.
///
/// Other programs may add groups, which readers ignore. But with a link or dataset that takes data from another file,
/// the file would have other contents on each machine. Soft links stay in the file: among the tensors they count as a
/// missing dataset, elsewhere they are only a note.
enum LinksRule: ValidationRule {
  static let summary = "No external, soft or user-defined links, external storage or virtual datasets."
  static let advice =
    "Find out which program added the link. Copy what it leads to into the file, or delete it."
  static let subjects: RuleSubjects = [.checkpoint, .flat]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    subject.refusals.filter(\.leadsElsewhere).map { error in
      subject.finding(
        .links, error.isSoftLink ? .note : .warning, at: error.place ?? "", error.statement)
    }
  }

  /// In a file that comes from elsewhere, data of another file can be any file of the reader's machine (CVE-2026-1669).
  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.hdf5Elsewhere], as: .links, .error)
      + subject.remarks([.hdf5SoftLink], as: .links, .warning)
  }
}
