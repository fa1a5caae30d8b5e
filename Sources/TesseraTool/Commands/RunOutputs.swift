internal import ByteFiles
internal import FlatFormats
internal import Inference
internal import ONNXGraph
internal import TensorStreams
internal import Tensors
internal import Tessera

/// The outputs of a model, as arrays of a file.
struct RunOutputs {
  fileprivate let outputs: [(spec: TensorSpec, tensor: Inference.Tensor)]

  init(_ outputs: [(name: String, tensor: Inference.Tensor)], of model: String) throws {
    var specs: [(spec: TensorSpec, tensor: Inference.Tensor)] = []
    for (name, tensor) in outputs {
      let shown = TensorName(name)
      guard let dtype = tensor.type.dtype, dtype.bytes != nil else {
        throw TesseraError(
          sentence: "\(model): output \(shown.quoted): expected elements that arrays can have, found "
            + tensor.type.name)
      }
      specs.append((try TensorSpec(name: shown, dtype: dtype, shape: tensor.shape), tensor))
    }
    self.outputs = specs
  }

  func write(to path: String) throws {
    guard let kind = FlatFormats.kind(forName: path) else { return }
    let sink = try FlatFormats.sink(kind: kind, path: path, specs: outputs.map(\.spec))
    for index in sink.order {
      try outputs[index].tensor.withBytes { bytes in if !bytes.isEmpty { try sink.append(bytes) } }
    }
    try sink.finish()
  }
}

/// The outputs of runs over parts of the samples, joined along their first axis.
///
/// The first output in the file's order is written as soon as it is there. Others wait in files without names, so only
/// the outputs of one run are in memory.
final class JoinedOutputs {
  private let model: String
  private let path: String
  private let samples: Int
  /// The outputs whose first extent the model declares, by name.
  private let fixed: [String: Int]
  private var specs: [TensorSpec] = []
  private var sink: (any TensorSink)?
  private var waiting: [Int: (file: NamelessFile, size: Int)] = [:]

  /// - Parameters:
  ///   - samples: the number of samples in all runs.
  ///   - fixed: the outputs whose first extent the model declares, although it does not for the inputs.
  init(of model: String, to path: String, samples: Int, fixed: [String: Int]) {
    self.model = model
    self.path = path
    self.samples = samples
    self.fixed = fixed
  }

  /// The joined outputs; empty before the first run.
  var shapes: [[Int]] { specs.map(\.shape) }

  /// Appends the outputs of a run over `count` samples.
  func append(_ outputs: [(name: String, tensor: Inference.Tensor)], samples count: Int) throws {
    let parts = try RunOutputs(outputs, of: model).outputs
    for (index, part) in parts.enumerated() {
      let shape = part.spec.shape
      let isSame = specs.isEmpty || shape.dropFirst() == specs[index].shape.dropFirst()
      guard shape.first == count, isSame, fixed[part.spec.name.text] != count || samples == count else {
        throw TesseraError(
          sentence:
            "\(model): output \(part.spec.name.quoted): expected one row for each of \(count) samples, "
            + "found \(part.spec.shapeText), which does not follow --batch")
      }
    }
    if sink == nil {
      specs = try parts.map {
        try TensorSpec(name: $0.spec.name, dtype: $0.spec.dtype, shape: [samples] + $0.spec.shape.dropFirst())
      }
      guard let kind = FlatFormats.kind(forName: path) else { return }
      let sink = try FlatFormats.sink(kind: kind, path: path, specs: specs)
      for index in sink.order.dropFirst() {
        waiting[index] = (try NamelessFile(onDisk: ()) ?? NamelessFile(), 0)
      }
      self.sink = sink
    }
    for (index, part) in parts.enumerated() {
      try part.tensor.withBytes { bytes in
        if bytes.isEmpty { return }
        if let (file, size) = waiting[index] {
          try file.write(bytes, at: size)
          waiting[index] = (file, size + bytes.count)
        } else {
          try sink?.append(bytes)
        }
      }
    }
  }

  func finish() throws {
    guard let sink else { return }
    for index in sink.order.dropFirst() {
      guard let (file, size) = waiting[index] else { continue }
      let readable = try file.readable(as: "a temporary file")
      let piece = 1 << 20
      for start in stride(from: 0, to: size, by: piece) {
        let bytes = try readable.bytes(at: start, count: min(piece, size - start))
        try bytes.withUnsafeBytes { try sink.append($0) }
      }
    }
    try sink.finish()
  }
}
