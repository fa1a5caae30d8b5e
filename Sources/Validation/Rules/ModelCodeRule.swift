internal import FlatFormats

/// A Keras configuration names only Keras's own classes, and holds no code.
///
/// A loader that rebuilds the model imports every module that the configuration names, and runs the code of Lambda
/// layers. Loading the weights alone does neither.
enum ModelCodeRule: ValidationRule {
  static let summary = "A Keras configuration names only Keras's own classes, and holds no code."
  static let advice =
    "Build the model in your own code and load only the weights. List names that you trust in a file for "
    + "--allow-globals."
  static let subjects: RuleSubjects = .flat

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks.compactMap { remark in
      guard [.kerasCode, .kerasModule].contains(remark.kind) else { return nil }
      if let global = remark.global,
        subject.options.allowedGlobals.allows(global, canRunCode: remark.kind.canRunCode)
          || subject.options.project?.allows(
            global, canRunCode: remark.kind.canRunCode, in: subject.paths) == true
      {
        return nil
      }
      return subject.finding(remark, as: .modelCode, remark.kind == .kerasCode ? .error : .warning)
    }
  }
}
