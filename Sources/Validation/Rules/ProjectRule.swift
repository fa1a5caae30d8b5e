internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints

/// A project's own rules, from each `tessera.toml`. It also gives the findings of locks, which the same documents hold.
enum ProjectRule: ValidationRule {
  static let summary = "The file meets the project's rules in tessera.toml."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let isOfProject = true
  static let advice =
    "Change the file, or the rule that the message names. --no-project ignores tessera.toml."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let project = subject.options.project else { return [] }
    // The tables of a damaged index are not evidence for a rule.
    let specs = subject.examination.errors.isEmpty ? subject.checkpoint?.index.tensors.map(\.spec) : nil
    return adjusted(
      project.findings(
        in: ProjectSubject(
          path: subject.examination.path, kind: "unit-checkpoint", found: "unit-checkpoint",
          file: subject.file,
          files: subject.checkpoint?.paths ?? [subject.examination.path],
          contents: specs.flatMap { _ in subject.file }.map(ProjectSubject.Contents.checkpoint)
            ?? .none(why: "errors"),
          tensors: specs, isDeep: subject.options.deep,
          hasOtherNonFiniteSeverity: subject.options.severities[.nonFinite] != nil,
          nonFinite: { counted(subject.bytes, specs, subject.options) }, globals: [])),
      subject.examination.path)
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    guard let project = subject.options.project, subject.options.part != .ofSoundSet else { return [] }
    let isPart = subject.options.part == .ofDamagedSet
    let source = isPart ? nil : subject.source
    let specs = source?.tensors.map(\.spec)
    return adjusted(
      project.findings(
        in: ProjectSubject(
          path: subject.path, kind: subject.kind, found: subject.found, file: subject.file,
          files: subject.files,
          contents: source.map(ProjectSubject.Contents.flat)
            ?? .none(
              why: isPart
                ? "a shard of a damaged set"
                : subject.kind == "pickle" ? "a pickle without tensors" : "errors"),
          tensors: specs, isDeep: subject.options.deep,
          hasOtherNonFiniteSeverity: subject.options.severities[.nonFinite] != nil,
          nonFinite: { counted(subject.bytes, specs, subject.options) },
          globals: subject.remarks.compactMap { remark in remark.global.map { ($0, remark.kind.canRunCode) } }
        )),
      subject.path)
  }

  /// The findings on a file that holds no weights that this program reads: only its size and its bytes are judged.
  static func findings(
    inFile file: ReadableFile, kind: String? = nil, _ options: ValidationOptions
  ) -> [Finding] {
    guard let project = options.project else { return [] }
    return adjusted(
      project.findings(
        in: ProjectSubject(
          path: file.path, kind: kind, found: kind ?? "", file: file, files: [file.path],
          contents: kind == nil ? .left : .none(why: "an archive"), tensors: nil,
          isDeep: options.deep, hasOtherNonFiniteSeverity: false, nonFinite: { [] }, globals: [])),
      file.path)
  }

  private static func adjusted(_ findings: [ProjectFinding], _ path: String) -> [Finding] {
    findings.map { $0.about(path) }
  }

  /// - Parameter specs: the tensors; nil if they are not evidence, and then the data are not read.
  private static func counted(
    _ bytes: @autoclosure () -> [(tensor: Int, found: TensorScan)], _ specs: [TensorSpec]?,
    _ options: ValidationOptions
  ) -> [(spec: TensorSpec, words: String)] {
    guard let specs else { return [] }
    return bytes().compactMap { tensor, found in
      guard let words = NonFiniteRule.words(found.nonFinite, specs[tensor], options) else { return nil }
      return (specs[tensor], words)
    }
  }
}
