internal import ByteFiles
internal import ONNXGraph
package import SubNetworks
internal import TensorStreams
package import Tensors
package import UnitCheckpoints
package import UnitModel

/// Writes a sub-network of a checkpoint with a graph as a dense ONNX model.
package struct GraphExtraction {
  /// The tensors of a model.
  package struct Written {
    package let tensors: Int
    /// The elements of all tensors.
    package let parameters: Int
    package let bytes: Int
    /// Tensors that the graph has in addition to the sub-network's own: indices, shapes and tables of its nodes.
    package let added: [TensorSpec]
  }

  private let checkpoint: UnitCheckpoint
  private let network: NetworkModel
  private let subNetwork: SubNetwork
  private let plan: ResolvedPlan

  /// - Parameter network: the graph of the checkpoint.
  package init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, _ network: NetworkModel, plan: ResolvedPlan
  ) {
    self.checkpoint = checkpoint
    self.network = network
    self.subNetwork = subNetwork
    self.plan = plan
  }

  /// Writes the model, and returns the tensors in it.
  ///
  /// - Parameters:
  ///   - progress: called from time to time with the bytes written so far, and their total.
  ///   - accept: receives the tensors that the graph adds and those that it does not use; throws if the model is too
  ///     large.
  package func write(
    to path: String, progress: (_ done: Int, _ total: Int) throws -> Void,
    accept: (_ added: [TensorSpec], _ unused: [TensorSpec]) throws -> Void
  ) throws -> Written {
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
      throw TesseraError(
        sentence:
          "\(path): expected a model of less than 2 GiB, which protobuf can hold, found \(message.count.grouped) bytes"
      )
    }
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
          try progress(position, message.count)
        }
      }
    }
    try file.commit()
    return Written(
      tensors: initializers.count, parameters: initializers.reduce(0) { $0 + $1.elementCount },
      bytes: initializers.reduce(0) { $0 + $1.byteCount }, added: added)
  }
}
