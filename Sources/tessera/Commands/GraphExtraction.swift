internal import ByteFiles
internal import ONNXGraph
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Writes a sub-network of a checkpoint with a graph as a dense ONNX model.
struct GraphExtraction {
  /// The tensors of a model.
  struct Written {
    let tensors: Int
    /// Their elements.
    let parameters: Int
    let bytes: Int
    /// Those that the graph has beside the sub-network's own: indices, shapes and tables of its nodes.
    let added: [TensorSpec]
  }

  private let checkpoint: UnitCheckpoint
  private let subNetwork: SubNetwork
  private let plan: ResolvedPlan

  init(_ checkpoint: UnitCheckpoint, _ subNetwork: SubNetwork, plan: ResolvedPlan) {
    self.checkpoint = checkpoint
    self.subNetwork = subNetwork
    self.plan = plan
  }

  /// Writes the model, and says what tensors are in it.
  ///
  /// - Parameter accept: throws where the model may not have the tensors that its graph has beside the sub-network's,
  ///   without those that its graph does not use.
  func write(
    to path: String, accept: (_ added: [TensorSpec], _ unused: [TensorSpec]) throws -> Void
  ) throws -> Written {
    guard let network = try NetworkModel(checkpoint) else {
      throw Failure(
        sentence:
          "\(checkpoint.path): expected a checkpoint with a graph to write ONNX from, found one without; "
          + "expected a DEST of tensors alone, such as .safetensors")
    }
    let flow = try network.flow(subNetwork.network, plan: plan)
    let graph = try network.dense(flow, plan: plan)
    let own = Set(subNetwork.tensors.map(\.spec.name))
    let initializers = graph.model.graph.initializers
    let inGraph = Set(initializers.map { TensorName($0.name) })
    let added = initializers.compactMap { tensor -> TensorSpec? in
      let name = TensorName(tensor.name)
      guard !own.contains(name), let dtype = tensor.type.dtype else { return nil }
      return try? TensorSpec(name: name, dtype: dtype, shape: tensor.shape)
    }
    try accept(added, subNetwork.tensors.map(\.spec).filter { !inGraph.contains($0.name) })
    let elements = KeptTensors(ActiveTensors(subNetwork, of: checkpoint))
    try NetworkWork.check(graph, of: network, elements)
    let tensors = NetworkTensors(graph, elements: elements, whole: network.whole)
    let message = try ModelEncoder(graph.model).pieces()
    guard message.count < 1 << 31 else {
      throw Failure(
        sentence:
          "\(path): expected a model of less than 2 GiB, which protobuf can hold, found \(message.count) bytes"
      )
    }
    var bar = ProgressBar("extracting", total: message.count)
    defer { bar.finish() }
    let file = try AtomicFile(path: path)
    var position = 0
    for piece in message.pieces {
      switch piece {
      case .bytes(let bytes):
        try file.write(bytes, at: position)
        position += bytes.count
      case .elements(let number, let count):
        if count == 0 { continue }
        try tensors.reader(of: number, byteCount: count).forEachWindow { window in
          try file.write(window, at: position)
          position += window.count
          bar.update(position)
        }
      }
    }
    try file.commit()
    return Written(
      tensors: initializers.count, parameters: initializers.reduce(0) { $0 + $1.elementCount },
      bytes: initializers.reduce(0) { $0 + $1.byteCount }, added: added)
  }
}
