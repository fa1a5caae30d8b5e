internal import Inference
package import ONNXGraph
package import TensorStreams

/// Replaces parts of a split that are selected by number: each becomes a slice.
///
/// PyTorch's exporter writes `split`, `chunk` and `unbind` as `SplitToSequence` and `SequenceAt` if it does not
/// optimise. Every runtime supports slices, and channels can be followed through them.
package enum PartsOfSequences {
  /// The model in which each such part is a `Slice`; or a `Gather`, if the split makes single positions.
  ///
  /// A part is not replaced if its number, or the sizes of the split, are not known before the network runs.
  package static func replaced(in model: Model, supplier: (any TensorReading)?) -> Model {
    var graph = model.graph
    guard model.opsets[""] ?? 0 >= 13, graph.nodes.contains(where: { $0.isPlain("SplitToSequence") }) else {
      return model
    }
    let known = KnownIntegers(model, supplier: supplier)
    var splits: [String: Node] = [:]
    for node in graph.nodes where node.isPlain("SplitToSequence") && node.outputs.count == 1 {
      splits[node.outputs[0]] = node
    }
    graph.nodes = graph.nodes.flatMap { node -> [Node] in
      guard node.isPlain("SequenceAt"), node.inputs.count == 2, let split = splits[node.inputs[0]],
        let number = known[node.inputs[1]]?.first
      else { return [node] }
      return part(number, of: split, as: node, known) ?? [node]
    }
    return model.replacing(graph: graph)
  }

  private static func part(_ number: Int, of split: Node, as node: Node, _ known: KnownIntegers) -> [Node]? {
    guard split.inputs.first?.isEmpty == false else { return nil }
    var axis = 0
    if case .int(let given)? = split.attributes["axis"] { axis = Int(given) }
    let sizes = split.inputs.count > 1 && !split.inputs[1].isEmpty ? known[split.inputs[1]] : [1]
    guard let sizes else { return nil }
    let isScalar = split.inputs.count < 2 || split.inputs[1].isEmpty || known.isScalar(split.inputs[1])
    if isScalar, sizes == [1] {
      // The parts are single positions, without their dimension if `keepdims` is 0. The standard would keep it if a
      // size is given; ONNX Runtime does not, and PyTorch's `unbind` relies on that.
      var isKept = true
      if case .int(0)? = split.attributes["keepdims"] { isKept = false }
      let place = constant("part", for: node, isKept ? .ints([Int64(number)]) : .int(Int64(number)))
      return [place, taking("Gather", from: split, as: node, [place], ["axis": .int(Int64(axis))])]
    }
    let range: Range<Int>
    if isScalar {
      guard let size = sizes.first, (1...1 << 31).contains(size), (0...1 << 20).contains(number) else {
        return nil
      }
      range = number * size..<(number + 1) * size
    } else {
      let place = number < 0 ? number + sizes.count : number
      guard sizes.indices.contains(place), sizes.allSatisfy({ (0...1 << 31).contains($0) }) else {
        return nil
      }
      let start = sizes[..<place].reduce(0, +)
      range = start..<start + sizes[place]
    }
    let bounds = [("start", range.lowerBound), ("end", range.upperBound), ("axis", axis)].map {
      constant($0, for: node, .ints([Int64($1)]))
    }
    return bounds + [taking("Slice", from: split, as: node, bounds)]
  }

  private static func constant(_ name: String, for node: Node, _ value: AttributeValue) -> Node {
    var constant = Node()
    constant.operation = "Constant"
    constant.name = "\(node.outputs[0])/tessera.\(name)"
    constant.outputs = [constant.name]
    if case .int = value {
      constant.attributes["value_int"] = value
    } else {
      constant.attributes["value_ints"] = value
    }
    return constant
  }

  private static func taking(
    _ operation: String, from split: Node, as node: Node, _ others: [Node],
    _ attributes: [String: AttributeValue] = [:]
  ) -> Node {
    var part = node
    part.operation = operation
    part.inputs = [split.inputs[0]] + others.map { $0.outputs[0] }
    part.attributes = attributes
    return part
  }
}

/// The whole numbers in a model's constants.
private struct KnownIntegers {
  private let small: SmallValues
  private var tensors: [String: TensorConstant] = [:]
  private var nodes: [String: Node] = [:]

  init(_ model: Model, supplier: (any TensorReading)?) {
    small = SmallValues(model, supplier: supplier)
    for tensor in model.graph.initializers { tensors[tensor.name] = tensor }
    for node in model.graph.nodes where node.isPlain("Constant") && node.outputs.count == 1 {
      if case .tensor(let tensor)? = node.attributes["value"] {
        tensors[node.outputs[0]] = tensor
      } else {
        nodes[node.outputs[0]] = node
      }
    }
  }

  subscript(_ name: String) -> [Int]? { tensor(name)?.integers }

  func isScalar(_ name: String) -> Bool { tensor(name)?.shape.isEmpty ?? false }

  private func tensor(_ name: String) -> Tensor? {
    tensors[name].flatMap { small.constant($0) } ?? nodes[name].flatMap { small.constant($0) }
  }
}

extension Node {
  fileprivate func isPlain(_ operation: String) -> Bool {
    self.operation == operation && domain.isEmpty && !(outputs.first ?? "").isEmpty
  }
}
