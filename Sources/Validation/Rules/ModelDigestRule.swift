internal import Tensors
internal import UnitCheckpoints

/// The model's SHA-256 is that of its tensors' digests.
enum ModelDigestRule: ValidationRule {
  static let summary = "The model's digest follows from those of its tensors."
  static let isOfIndex = true

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    let digest = modelDigest(of: checkpoint.index.tensors.map { ($0.spec, $0.digest) })
    if digest == checkpoint.modelDigest { return [] }
    return [
      subject.finding(
        .modelDigest, at: "/tessera/seal",
        "expected model SHA-256 \(checkpoint.modelDigest.short), found \(digest.short)")
    ]
  }
}

extension SHA256Digest {
  /// Enough of the digest to tell it from others in a line of text.
  var short: String { description.prefix(16) + "…" }
}
