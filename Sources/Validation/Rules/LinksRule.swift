internal import HDF5Kit

/// Nothing in the file leads elsewhere: to another file, to an object behind a name, to a program's own storage.
///
/// Other programs may add groups, and readers ignore them; a link or dataset in them that takes data from another file
/// would make the file say something else on every machine. Soft links stay in the file: among the tensors they are a
/// dataset that is missing, elsewhere only worth knowing.
enum LinksRule: ValidationRule {
  static let summary = "No external, soft or user-defined links, external storage or virtual datasets."
  static let advice =
    "Find out which program added the link. Copy what it leads to into the file, or delete it."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    subject.refusals.filter(\.leadsElsewhere).map { error in
      subject.finding(
        .links, error.isSoftLink ? .note : .warning, at: error.place ?? "", error.statement)
    }
  }
}
