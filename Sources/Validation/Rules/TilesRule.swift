internal import FlatFormats
internal import ONNXGraph
internal import Zip

/// The tensors of a flat file fill its data part, without holes, overlaps or remaining bytes.
///
/// Opening a flat file proves this in one ordered pass. A PyTorch storage may have more bytes than its tensors, for
/// example after slicing a larger tensor, and readers stop when they have what they need; so such bytes are only a
/// note.
enum TilesRule: ValidationRule {
  static let summary = "The tensors of a flat file fill it without holes, overlaps or bytes left over."
  static let subjects: RuleSubjects = .flat
  static let advice =
    "Fetch the file again if it is truncated. Convert the file to drop bytes that belong to no tensor."
  static let flatDefects: Set<FlatFormatRule> = [
    .safetensorsHole, .safetensorsOverlap, .safetensorsBodySize, .npyDataSize, .torchStorageSize,
    .ggufOffset, .ggufPadding, .ggufBodySize,
    .dcpRange,
    .tensorflowRange,
  ]
  static let zipDefects: Set<ZipRule> = [.overlap, .dataBounds, .storedSize]
  static let graphDefects: Set<ONNXRule> = [.data]

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.trailingBytes], as: .tiles, .warning)
      + subject.remarks([.unreferencedBytes], as: .tiles, .note)
  }
}
