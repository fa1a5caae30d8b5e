internal import FlatFormats

/// A pickle refers only to names that rebuild tensors. An unrestricted loader would import and call every other name.
enum PickleGlobalsRule: ValidationRule {
  static let summary =
    "A pickle refers only to names with which PyTorch's weights-only loader rebuilds tensors."
  static let subjects: RuleSubjects = .flat
  static let advice =
    "Do not load the file with pickle. Convert it to safetensors, which runs nothing. List names that you trust in a "
    + "file for --allow-globals."
  static let flatDefects: Set<FlatFormatRule> = [.pickleGlobals]

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks.compactMap { remark in
      let severity: Severity
      switch remark.kind {
      case .dataGlobal: severity = .note
      case .foreignGlobal, .codeInStorage: severity = .warning
      case .codeGlobal: severity = .error
      default: return nil
      }
      let list = subject.options.allowedGlobals
      if let global = remark.global,
        list.allows(global, canRunCode: remark.kind.canRunCode)
          || subject.options.project?.allows(
            global, canRunCode: remark.kind.canRunCode, in: subject.paths) == true
      {
        return nil
      }
      return subject.finding(remark, as: .pickleGlobals, severity)
    }
  }
}
