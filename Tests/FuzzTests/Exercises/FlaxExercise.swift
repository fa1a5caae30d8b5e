import FlatFormats
internal import TensorStreams
import Tensors

/// Opens the bytes as a file of Flax, and reads every array.
enum FlaxExercise {
  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    _ = FlatFormats.recognise(file)
    do {
      let source = try FlatFormats.open(file, as: .flax)
      for item in source.leftOut { _ = item.sentence }
      let names = source.tensors.map(\.spec.name)
      require(Set(names).count == names.count, "every name once")
      // Each element is in the file once, so a small file has no large tensor.
      require(try WholeReading.readAll(source, limit: .max) <= bytes.count, "no more bytes than the file")
    } catch { requireSentence(error) }
  }
}
