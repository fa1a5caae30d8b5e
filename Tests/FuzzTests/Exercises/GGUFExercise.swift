import ByteFiles
import FlatFormats
internal import TensorStreams
import Tensors

/// Opens a GGUF file, reads every tensor, and writes the same file again from its header and tensors.
enum GGUFExercise {
  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    _ = FlatFormats.recognise(file)
    do {
      let source = try FlatFormats.open(file, as: .gguf, assumeDType: nil)
      let read = try WholeReading.readAll(source, limit: bytes.count)
      let header = source.verbatim ?? []
      require(read + header.count <= bytes.count, "header and tensors are in the file")
      let specs = source.tensors.map(\.spec)
      try FlatFormats.checkVerbatim(header, of: .gguf, describes: specs, path: file.path)
    } catch { requireSentence(error) }
  }
}
