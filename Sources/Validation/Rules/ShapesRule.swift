internal import FlatFormats
internal import ONNXGraph
internal import Tensors
internal import UnitCheckpoints

/// The datasets have the shapes of the layout, and a `dtype` attribute if HDF5 has no such dtype.
///
/// On opening, dtype, shape and bytes in the index are compared; `DatasetRule` checks the HDF5 type.
enum ShapesRule: ValidationRule {
  static let summary = "dtype, shape and bytes agree, in the index and with the datasets."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let defects: Set<CheckpointDefect> = [.tensorDType, .tensorDimension, .tensorShape]
  static let flatDefects: Set<FlatFormatRule> = [
    .safetensorsDType, .safetensorsShape, .safetensorsSize, .npyShape, .npyDType, .torchBounds, .torchTensor,
    .ggufShape, .ggufType,
    .dcpTensor, .dcpBounds,
    .flaxArray, .tensorflowTensor,
  ]
  static let graphDefects: Set<ONNXRule> = [.shape, .dtype]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    var findings: [Finding] = []
    for number in checkpoint.map.sections.indices {
      // A dataset that cannot be opened is reported by another rule.
      guard let found = try? checkpoint.description(ofSection: number) else { continue }
      let expected = checkpoint.expectedDescription(ofSection: number)
      let path = "/\(checkpoint.sectionPath(number))"
      if found.shape != expected.shape {
        findings.append(
          subject.finding(.shapes, at: path, "expected shape \(expected.shape), found \(found.shape)"))
      }
      if found.dtype != expected.dtype {
        let (expected, found) = (words(expected.dtype), words(found.dtype))
        findings.append(subject.finding(.shapes, at: path, "expected \(expected), found \(found)"))
      }
    }
    return findings
  }

  private static func words(_ dtype: String?) -> String {
    dtype.map { "attribute dtype = \(TensorName($0).quoted)" } ?? "no attribute dtype"
  }
}
