import ByteFiles
import FlatFormats
internal import TensorStreams
import Tensors

/// Opens a safetensors file, reads every tensor, and compares the header with what was read.
enum SafetensorsExercise {
  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    _ = FlatFormats.recognise(file)
    do {
      let source = try FlatFormats.open(file, as: .safetensors)
      let read = try WholeReading.readAll(source, limit: bytes.count)
      let header = source.verbatim ?? []
      require(read + header.count == bytes.count, "header and tensors are the file")
      require(bytes.starts(with: header), "the stored header is the file's")
      try FlatFormats.checkVerbatim(
        header, of: .safetensors, describes: source.tensors.map(\.spec), path: file.path)
    } catch { requireSentence(error) }
  }
}
