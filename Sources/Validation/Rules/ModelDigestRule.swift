internal import Tensors
internal import UnitCheckpoints

/// The model's SHA-256 is the hash of its tensors' digests.
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
  /// The beginning of the digest, long enough to distinguish it from others.
  package var short: String { description.prefix(16) + "…" }
}
