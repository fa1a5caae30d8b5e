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
      let source = try FlatFormats.open(file, as: .gguf)
      let read = try WholeReading.readAll(source, limit: bytes.count)
      let header = source.verbatim ?? []
      require(read + header.count <= bytes.count, "header and tensors are in the file")
      let specs = source.tensors.map(\.spec)
      try FlatFormats.checkVerbatim(header, of: .gguf, describes: specs, path: file.path)
      do { _ = try smaller(specs, header, file.path) } catch { requireSentence(error) }
      if let plain = try? DequantisedWeights(source) {
        _ = try WholeReading.readAll(plain, limit: 16 * bytes.count)
      }
    } catch { requireSentence(error) }
  }

  /// The header of a network that keeps the second half of each layer.
  private static func smaller(
    _ specs: [TensorSpec], _ header: [UInt8], _ path: String
  ) throws(FlatFormatError) -> [UInt8]? {
    func dimension(_ name: TensorName) -> Int {
      name.text.contains("down") || name.text.contains("out") ? 1 : 0
    }
    let halves = specs.map { spec -> TensorSpec in
      var shape = spec.shape
      let place = dimension(spec.name)
      if spec.name.text.hasPrefix("blk."), place < shape.count { shape[place] -= shape[place] / 2 }
      return (try? TensorSpec(name: spec.name, dtype: spec.dtype, shape: shape)) ?? spec
    }
    let extents = Dictionary(specs.map { ($0.name, $0.shape) }, uniquingKeysWith: { $1 })
    let kept = KeptTensors(specs: halves) { name, place in
      guard place == dimension(name), let shape = extents[name], place < shape.count else { return nil }
      return [shape[place] / 2..<shape[place]]
    }
    return try FlatFormats.header(of: kept, from: header, .gguf, path: path)
  }
}
