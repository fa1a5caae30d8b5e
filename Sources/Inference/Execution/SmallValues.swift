internal import ByteFiles
package import ONNXGraph
package import TensorStreams
internal import Tensors

/// Evaluates single nodes on small values, so that shapes computed by a graph are known before it runs.
package final class SmallValues {
  private let budget: RunBudget
  private let loader: ConstantLoader
  private let run: RunContext
  private let empty: CompiledGraph

  /// The most elements of a small value. Small values are shapes, axes, pads, and values computed from them.
  package static let limit = 1 << 12

  package init(_ model: Model, supplier: (any TensorReading)? = nil) {
    // Thousands of nodes are evaluated before anything runs, so each may use only little.
    var limits = RunLimits()
    limits.elements = 1 << 20
    limits.bytes = 1 << 28
    limits.steps = 1 << 24
    budget = RunBudget(limits)
    var loader = ConstantLoader(
      file: model.file, external: ExternalFiles(of: model.file), strings: StringPool(budget), budget: budget)
    loader.supplier = supplier
    self.loader = loader
    run = RunContext(
      backend: BackendKind.reference.make(threads: 1), budget: budget, path: model.file.path,
      constants: loader, profile: nil)
    empty = CompiledGraph(name: "", inputs: [], outputs: [], constants: [:], steps: [])
  }

  /// The elements of one of the model's tensors; nil if there are more than `limit`, or if it is text.
  package func constant(_ constant: TensorConstant, limit: Int = limit) -> Tensor? {
    guard constant.elementCount <= limit, constant.type != .string else { return nil }
    return try? loader.tensor(constant)
  }

  /// The value of a `Constant` node that is stored as numbers in an attribute, not as a tensor.
  package func constant(_ node: Node) -> Tensor? {
    try? ConstantNode(node: node, loader: loader).tensor()
  }

  /// A vector of whole numbers, or a scalar; INT32 if `other` has this type, else INT64.
  package func integers(_ numbers: [Int], isScalar: Bool = false, like other: Tensor? = nil) -> Tensor? {
    let type = other?.type == .int32 ? ElementType.int32 : .int64
    guard let tensor = try? Tensor(type, isScalar ? [] : [numbers.count], budget) else { return nil }
    for (index, number) in numbers.enumerated() {
      if type == .int32 {
        tensor.values(Int32.self)[index] = Int32(clamping: number)
      } else {
        tensor.values(Int64.self)[index] = Int64(number)
      }
    }
    return tensor
  }

  /// The node's outputs for small inputs; nil if it fails, or if an output is larger than `limit`.
  package func evaluate(_ node: Node, _ inputs: [Tensor?], opset: Int) -> [Tensor]? {
    guard let known = OperatorRegistry.known(node), opset >= known.since else { return nil }
    let call = OperatorCall(
      node: node, inputs: inputs, opset: opset, run: run, subgraphs: [:],
      scope: Scope(empty, within: nil))
    budget.restart()
    guard let results = try? known.evaluate(call), results.allSatisfy({ $0.count <= Self.limit }) else {
      return nil
    }
    return results
  }
}

extension Tensor {
  /// The elements as whole numbers, INT64 or INT32; nil for other types.
  package var integers: [Int]? {
    switch type {
    case .int64: values(Int64.self).prefix(count).map { Int($0) }
    case .int32: values(Int32.self).prefix(count).map { Int($0) }
    default: nil
    }
  }

  /// The elements as real numbers; nil for booleans, text, complex numbers and integers of fewer than eight bits.
  package var reals: [Double]? {
    if let small = type.smallFloat {
      return values(UInt8.self).prefix(count).map { small.values[Int($0) % small.values.count] }
    }
    return try? type.visit(RealElements(tensor: self))
  }
}

private struct RealElements: ElementVisitor {
  let tensor: Tensor
  func visit<T: Element>(_: T.Type) -> [Double] {
    tensor.values(T.self).prefix(tensor.count).map { $0.wide.asDouble }
  }
}
