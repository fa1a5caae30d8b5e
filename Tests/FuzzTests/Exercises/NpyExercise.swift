import FlatFormats
internal import TensorStreams
import Tensors

/// Opens an npy file, with and without a dtype to assume, and reads its array.
enum NpyExercise {
  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    for assumed in [nil, DType.bf16, .f8E4M3] {
      do {
        let source = try FlatFormats.open(file, as: .npy, ReadingChoices(assumeDType: assumed))
        require(source.tensors.count == 1, "one array")
        let read = try WholeReading.readAll(source, limit: bytes.count)
        require(read < bytes.count, "the data lie in the file, behind a header")
      } catch { requireSentence(error) }
    }
  }
}
