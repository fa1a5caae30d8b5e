internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import Zip

/// The data of a flat file can be read completely and match the container's checksums.
enum MemberChecksumRule: ValidationRule {
  static let summary =
    "Members of an archive match their CRC-32 and size, tensors of TensorFlow their CRC-32C."
  static let subjects: RuleSubjects = .flat
  static let isDeep = true
  static let advice = "Fetch the file again: its data were damaged after it was written."
  static let flatDefects: Set<FlatFormatRule> = [.tensorflowChecksum]
  static let zipDefects: Set<ZipRule> = [.crc, .deflate, .short, .long]

  static func findings(in subject: FlatSubject) -> [Finding] {
    findings(subject.bytes, of: subject.source, in: subject)
      + findings(subject.optimizerBytes, of: subject.optimizer, in: subject)
  }

  private static func findings(
    _ scans: [(tensor: Int, found: TensorScan)], of source: (any TensorSource)?, in subject: FlatSubject
  ) -> [Finding] {
    scans.compactMap { tensor, found in
      guard let error = found.error, let source else { return nil }
      let reported = subject.finding(error)
      return Finding(
        .memberChecksum, file: subject.path, location: place(of: source.tensors[tensor].spec),
        message: reported.location.isEmpty ? reported.message : "\(reported.location): \(reported.message)",
        defect: reported.defect)
    }
  }
}
