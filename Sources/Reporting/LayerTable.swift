internal import StrictJSON
package import Tensors

/// The nodes of a graph with their parameters, outputs and work, for given shapes of the inputs.
package struct LayerTable: Sendable {
  /// One input, with its assumed shape.
  package struct Input: Sendable {
    let name: String
    let dtype: String
    let shape: [Int]

    package init(name: String, dtype: String, shape: [Int]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  /// One node.
  package struct Layer: Sendable {
    let node: String
    let operation: String
    let shape: [Int]
    let calls: Int
    let parameters: ParameterCount
    let multiplyAdds: Int

    package init(
      node: String, operation: String, shape: [Int], calls: Int, parameters: ParameterCount, multiplyAdds: Int
    ) {
      self.node = node
      self.operation = operation
      self.shape = shape
      self.calls = calls
      self.parameters = parameters
      self.multiplyAdds = multiplyAdds
    }

    /// Whether the node has parameters or multiply-adds.
    var counts: Bool { parameters.value > 0 || multiplyAdds > 0 }
  }

  let inputs: [Input]
  let layers: [Layer]

  package init(inputs: [Input], layers: [Layer]) {
    self.inputs = inputs
    self.layers = layers
  }

  private var multiplyAdds: Int { layers.reduce(0) { $0 + $1.multiplyAdds } }
  private var parameters: Int { layers.reduce(0) { $0 + $1.parameters.value } }

  /// A row for each node that has parameters or multiply-adds, then the sums.
  func text(width: Int?) -> String {
    let given = inputs.map(\.text)
    var table = TextTable([
      .init("node", shrinks: true), .init("operator"), .init("output"), .init("parameters", .right),
      .init("multiply-adds", .right),
    ])
    for layer in layers where layer.counts {
      table.append([
        PrintableText.line(layer.node), PrintableText.line(layer.operation), shapeText(layer.shape),
        "\(layer.parameters)",
        "\(layer.multiplyAdds.grouped)",
      ])
    }
    table.append([
      "(all nodes)", "", "", "\(parameters.grouped)", "\(multiplyAdds.grouped)",
    ])
    let rest = layers.count { !$0.counts }
    return WrappedList.text("layers for ", given.isEmpty ? ["no inputs"] : given, width: width)
      + table.text(width: width)
      + (rest == 0 ? "" : "\(rest.grouped) more nodes have no weights and do no products\n")
  }

  var json: JSONValue {
    object([
      ("inputs", .array(inputs.map(\.json))),
      ("parameters", JSONValue(parameters)), ("multiply_adds", JSONValue(multiplyAdds)),
      (
        "nodes",
        .array(
          layers.map { layer in
            object([
              ("node", .string(layer.node)), ("operator", .string(layer.operation)),
              ("shape", shapeJSON(layer.shape)), ("calls", JSONValue(layer.calls)),
              ("parameters", JSONValue(layer.parameters.value)),
              ("multiply_adds", JSONValue(layer.multiplyAdds)),
            ])
          })
      ),
    ])
  }
}

extension LayerTable.Input {
  var text: String { "\(PrintableText.line(name)) \(dtype) \(shapeText(shape))" }

  var json: JSONValue {
    object([("name", .string(name)), ("dtype", .string(dtype)), ("shape", shapeJSON(shape))])
  }
}

private func shapeText(_ shape: [Int]) -> String {
  "[" + shape.map(String.init).joined(separator: ", ") + "]"
}

private func shapeJSON(_ shape: [Int]) -> JSONValue { .array(shape.map { JSONValue($0) }) }
