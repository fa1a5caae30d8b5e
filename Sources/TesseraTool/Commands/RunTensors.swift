internal import ByteFiles
internal import FlatFormats
internal import Inference
internal import ONNXGraph
internal import TensorStreams
internal import Tensors
internal import Tessera

/// The arrays of a file, as inputs of a model.
struct RunInputs {
  private let source: any FlatWeightsSource

  init(_ path: String, assumeDType: Tensors.DType?) throws {
    guard case .flat(let source) = try OpenedFile(path, assumeDType: assumeDType).contents else {
      throw TesseraError(sentence: "\(path): expected arrays as inputs, found a unit checkpoint")
    }
    self.source = source
  }

  /// The inputs by name. If the file has one array and the model needs one input, the array's name is ignored.
  func tensors(for session: Session) throws -> [String: Inference.Tensor] {
    let required = session.requiredInputs
    let known = Set(session.inputs.map(\.name))
    let isUnnamed = source.tensors.count == 1 && required.count == 1
    var inputs: [String: Inference.Tensor] = [:]
    for (index, tensor) in source.tensors.enumerated() {
      var name = tensor.spec.name.text
      if isUnnamed, !known.contains(name) { name = required[0].name }
      guard known.contains(name) else {
        let names = required.map { TensorName($0.name).quoted }.joined(separator: ", ")
        throw TesseraError(
          sentence: "\(source.path): array \(tensor.spec.name.quoted): expected the model's inputs \(names), "
            + "found no such input")
      }
      guard tensor.spec.dtype.bytes != nil else {
        throw TesseraError(
          sentence:
            "\(source.path): array \(tensor.spec.name.quoted): expected elements of whole bytes, found "
            + tensor.spec.dtype.rawValue)
      }
      let reader = try source.reader(of: index)
      inputs[name] = try session.tensor(ElementType(tensor.spec.dtype), tensor.spec.shape, for: name) {
        bytes in
        try reader.read(into: bytes)
      }
    }
    return inputs
  }
}

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
