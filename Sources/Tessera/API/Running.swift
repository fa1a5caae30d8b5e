internal import ByteFiles
internal import Inference
internal import ONNXGraph
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

extension WeightsFile {
  /// Computes the outputs of an ONNX model, as `tessera run` does. A cancelled task ends after the node that is running.
  ///
  /// - Parameter inputs: the model's inputs, by name. If the model has only one, any name is accepted.
  /// - Throws: `TesseraError` if the file has no graph, or the graph cannot be computed; `CancellationError`.
  public func run(_ inputs: [String: TensorValue]) async throws -> [String: TensorValue] {
    try await LongWork.perform { check in
      guard opened.flatKind != nil, let graph = try opened.graph else {
        throw TesseraError(
          .request,
          "\(path): expected an ONNX model to run, found \(format); run a sub-network of a unit checkpoint instead"
        )
      }
      let given = FileInputs(try ValueSource(inputs, path: "inputs"))
      _ = try given.shapes(for: graph)
      let session = try Session(
        graph, backend: .fast, threads: ThreadSupply.processorCount, limits: RunLimits())
      return try session.values(try given.tensors(for: session, model: graph), of: path, check)
    }
  }
}

extension SubNetworkWeights {
  /// Computes the outputs of the sub-network, as `tessera run` does; reads only its own weights. A cancelled task ends
  /// after the node that is running.
  ///
  /// - Parameter inputs: the model's inputs, by name. If the model has only one, any name is accepted.
  /// - Throws: `TesseraError` if the checkpoint has no graph, or the graph cannot be computed; `CancellationError`.
  public func run(_ inputs: [String: TensorValue]) async throws -> [String: TensorValue] {
    try await LongWork.perform { check in
      let path = checkpoint.file.path
      guard let network = try checkpoint.file.opened.network else {
        throw TesseraError(.request, "\(path): expected a unit checkpoint with a graph, found one without")
      }
      let running = try NetworkSession(
        subNetwork, of: checkpoint.stored, network, plan: checkpoint.resolved,
        inputs: FileInputs(try ValueSource(inputs, path: "inputs")), backend: .fast,
        threads: ThreadSupply.processorCount, limits: RunLimits())
      return try running.session.values(running.inputs, of: path, check)
    }
  }
}

extension Session {
  /// The outputs for these inputs.
  fileprivate func values(
    _ inputs: [String: Inference.Tensor], of path: String, _ check: @escaping @Sendable () throws -> Void
  ) throws -> [String: TensorValue] {
    var result: [String: TensorValue] = [:]
    let outputs: [(name: String, tensor: Inference.Tensor)]
    do { outputs = try run(inputs, isCancelled: { (try? check()) == nil }) } catch {
      try check()
      throw error
    }
    try check()
    for (name, tensor) in outputs {
      guard let dtype = tensor.type.dtype, dtype.bytes != nil else {
        throw TesseraError(
          .graph,
          "\(path): output \(quoted(name)): expected elements that arrays can have, found \(tensor.type.name)"
        )
      }
      result[name] = try TensorValue(
        dtype: DType(dtype), shape: tensor.shape, bytes: tensor.withBytes { Array($0) })
    }
    return result
  }
}
