internal import FlatFormats
internal import ONNXGraph
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Zip

/// Every tensor has a unique name, and a link with that name, escaped as the layout requires.
///
/// A name that people or tools are likely to confuse gets a note.
enum NamesRule: ValidationRule {
  static let summary = "Names are UTF-8, differ, and are escaped in links as the layout requires."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let advice = "Rename the tensor in the program that writes the file."
  static let defects: Set<CheckpointDefect> = [.nameRange, .nameText, .nameOverlap, .tensorName]
  static let flatDefects: Set<FlatFormatRule> = [
    .safetensorsDuplicateTensor, .torchDuplicateName, .ggufName, .ggufDuplicateTensor, .flaxKey,
  ]
  static let zipDefects: Set<ZipRule> = [.duplicateName, .name, .nameEncoding]
  static let graphDefects: Set<ONNXRule> = [.name]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    var findings: [Finding] = []
    for path in (try? subject.unlisted.get()) ?? [] {
      let link = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.index(after: $0)...] } ?? ""
      if let name = checkpoint.tensor(misspelledAs: String(link)) {
        findings.append(
          subject.finding(
            .names, at: path,
            "expected the link of tensor \(name.quoted) as the layout escapes it, found a different link"
          ))
      }
    }
    return findings + oddities(checkpoint.index.tensors.map(\.spec), subject.finding)
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    oddities(subject.source?.tensors.map(\.spec) ?? [], subject.finding)
  }

  private static func oddities(
    _ tensors: [TensorSpec], _ finding: (RuleID, Severity, String, String) -> Finding
  ) -> [Finding] {
    var findings: [Finding] = []
    // Swift's `String` treats names as equal if Unicode treats them as equivalent, which is needed here.
    var seen: [String: TensorName] = [:]
    for tensor in tensors {
      func note(_ found: String) {
        findings.append(
          finding(.names, .note, place(of: tensor), "expected an ordinary name, found \(found)"))
      }
      let scalars = tensor.name.text.unicodeScalars
      if scalars.isEmpty { note("an empty one") }
      if scalars.contains(where: { $0.properties.generalCategory == .control }) {
        note("control characters")
      }
      if scalars.first?.properties.isWhitespace == true || scalars.last?.properties.isWhitespace == true {
        note("white space around it")
      }
      if let other = seen.updateValue(tensor.name, forKey: tensor.name.text) {
        note("one that looks like \(other.quoted) and has other bytes")
      }
    }
    return findings
  }
}
