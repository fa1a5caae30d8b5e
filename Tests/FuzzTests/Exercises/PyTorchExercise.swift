import FlatFormats
import Pickle
internal import TensorStreams
import Tensors

/// Reads a pickle by itself, and then opens the bytes as a PyTorch file in either form and reads its tensors.
enum PyTorchExercise {
  /// The most bytes read from one input, because strides of zero make many bytes of few.
  private static let limit = 4 << 20

  static func run(_ bytes: [UInt8]) {
    do throws(PickleError) {
      let tree = try PickleMachine.read(PickleBytes(bytes))
      require(tree.end <= bytes.count && tree.root.index < tree.count, "a pickle ends in its file")
    } catch {}
    guard let file = ScratchFile.holding(bytes) else { return }
    do {
      let source = try FlatFormats.open(file, as: .pytorch)
      for remark in source.remarks { _ = remark.sentence }
      for item in source.leftOut { _ = item.sentence }
      _ = try WholeReading.readAll(source, limit: limit)
    } catch { requireSentence(error) }
  }
}
