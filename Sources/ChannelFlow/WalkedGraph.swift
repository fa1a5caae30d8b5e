package import Inference
package import ONNXGraph
package import TensorStreams

/// A graph, and what every walk through it needs: computed once for all sub-networks.
package final class WalkedGraph {
  package let model: Model
  /// The names of all values.
  let names: Set<String>
  /// Values that an output needs, directly or through other nodes.
  let used: Set<String>
  /// The nodes that an output needs, in an order in which they can run, each with the values that it uses.
  let nodes: Result<[(index: Int, usedNames: [String])], FlowError>
  /// Reads small tensors. Its limits are those of one walk, so it does not evaluate nodes.
  private let small: SmallValues
  /// Small tensors by their value's name, at most `keptLimit` elements in total.
  private var kept: [String: Tensor] = [:]
  private var keptCount = 0
  private let supplier: (any TensorReading)?

  /// The most elements that are kept for later walks: 8 MiB of INT64.
  private static let keptLimit = 1 << 20

  package init(_ model: Model, supplier: (any TensorReading)?) {
    self.model = model
    self.supplier = supplier
    small = SmallValues(model, supplier: supplier)
    let graph = model.graph
    names = Set(graph.nodes.flatMap(\.outputs)).union(graph.inputs.map(\.name))
      .union(graph.initializers.map(\.name))
    let used = graph.neededNames
    self.used = used
    nodes = Result {
      () throws(FlowError) -> [(index: Int, usedNames: [String])] in
      let order: [Int]
      do throws(GraphDefect) { order = try model.nodeOrder() } catch {
        throw .inference(InferenceError(error, in: model))
      }
      return order.filter { graph.nodes[$0].outputs.contains(where: used.contains) }.map {
        ($0, graph.nodes[$0].usedNames)
      }
    }
  }

  /// The values of one walk.
  package func smallValues() -> SmallValues { SmallValues(model, supplier: supplier) }

  /// The elements of a small tensor of the main graph; nil if it is large, or text.
  func constant(_ tensor: TensorConstant, _ name: String, _ values: SmallValues) -> Tensor? {
    if let known = kept[name] { return known }
    guard keptCount + tensor.elementCount <= Self.keptLimit, let read = small.constant(tensor) else {
      return values.constant(tensor)
    }
    kept[name] = read
    keptCount += tensor.elementCount
    return read
  }
}
