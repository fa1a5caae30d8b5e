import Conversion
import FlatFormats
internal import TensorStreams
import Tensors
import UnitCheckpoints
import Validation

/// Validates a unit checkpoint deeply, and then reads its flat weights.
///
/// The validator goes on after a wrong checksum of the index, so mutations of the tables reach their decoder.
enum CheckpointFileExercise {
  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    do {
      for finding in try FileValidation.findings(in: file, deep: true) {
        require(!finding.message.contains("\n"), "one line: \(finding.message.debugDescription)")
      }
      guard let checkpoint = try CheckpointExamination(file).checkpoint else { return }
      for added in try checkpoint.sourceRecord().added {
        let input = try checkpoint.addedInput(named: added.name)
        _ = try input?.shardSet()
        _ = try input?.companions()
      }
      let source = checkpoint
      for (index, tensor) in source.tensors.enumerated() where tensor.spec.byteCount <= 1 << 20 {
        do { _ = try source.digest(of: index) { _ in } } catch { requireSentence(error) }
      }
      _ = try checkpoint.resolvedPlan()
    } catch { requireSentence(error) }
  }
}
