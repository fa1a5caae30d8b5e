internal import FlatFormats
internal import Inference
internal import ONNXGraph
internal import TensorStreams
internal import Tensors
internal import Tessera

/// The outputs of a model, as arrays of a file.
struct RunOutputs {
  private let outputs: [(spec: TensorSpec, tensor: Inference.Tensor)]

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
