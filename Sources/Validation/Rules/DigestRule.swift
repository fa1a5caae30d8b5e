internal import Tensors
internal import UnitCheckpoints

/// Every tensor matches its SHA-256.
///
/// `PageChecksumRule` reports damaged pages. This rule finds a tensor with a wrong digest although all of its pages are
/// sound.
enum DigestRule: ValidationRule {
  static let summary = "Every tensor matches its SHA-256."
  static let isDeep = true
  static let advice = "Fetch the file again, or convert the flat weights again: its data were damaged."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    return subject.bytes.compactMap { number, found in
      let tensor = checkpoint.index.tensors[number]
      guard let digest = found.digest, digest != tensor.digest else { return nil }
      return subject.finding(
        .digest, at: place(of: tensor.spec), "expected SHA-256 \(tensor.digest.short), found \(digest.short)")
    }
  }
}
