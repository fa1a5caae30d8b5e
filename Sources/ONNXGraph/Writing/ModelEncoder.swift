internal import ByteFiles

/// Writes a model whose graph was changed: the graph is encoded again, and everything else is copied.
package struct ModelEncoder {
  private let model: Model
  private let wire: WireFile

  package init(_ model: Model) {
    self.model = model
    wire = WireFile(model.file)
  }

  /// The whole model, with gaps for the elements of supplied tensors.
  package func pieces() throws(GraphError) -> PieceWriter {
    var writer = PieceWriter()
    var reader = wire.message
    // In versions below 4, every initializer must be an input too.
    writer.fields { $0.int(1, max(4, model.irVersion)) }
    while let field = try reader.next() {
      switch field.number {
      case 1: continue
      case 7: writer.message(7, try graph(model.graph))
      default: writer.append(try wire.bytes(field.extent))
      }
    }
    return writer
  }

  private func graph(_ graph: Graph) throws(GraphError) -> PieceWriter {
    var writer = PieceWriter()
    for node in graph.nodes { writer.message(1, try self.node(node)) }
    if !graph.name.isEmpty { writer.fields { $0.text(2, graph.name) } }
    for tensor in graph.initializers { writer.message(5, try self.tensor(tensor)) }
    for input in graph.inputs { writer.message(11, value(input)) }
    for output in graph.outputs { writer.message(12, value(output)) }
    for sparse in graph.sparseInitializers { writer.message(15, try self.sparse(sparse)) }
    return writer
  }

  private func node(_ node: Node) throws(GraphError) -> PieceWriter {
    var writer = PieceWriter()
    writer.fields { fields in
      for name in node.inputs { fields.text(1, name) }
      for name in node.outputs { fields.text(2, name) }
      if !node.name.isEmpty { fields.text(3, node.name) }
      fields.text(4, node.operation)
    }
    for (name, value) in node.attributes.sorted(by: { $0.key < $1.key }) {
      writer.message(5, try attribute(name, value))
    }
    writer.fields { fields in
      if !node.domain.isEmpty { fields.text(7, node.domain) }
      if !node.overload.isEmpty { fields.text(8, node.overload) }
    }
    return writer
  }

  private func attribute(_ name: String, _ value: AttributeValue) throws(GraphError) -> PieceWriter {
    var writer = PieceWriter()
    if case .other(let message) = value {
      writer.append(try wire.bytes(message))
      return writer
    }
    writer.fields { $0.text(1, name) }
    func typed(_ type: Int, _ build: (inout WireWriter) -> Void) {
      writer.fields {
        build(&$0)
        $0.int(20, type)
      }
    }
    switch value {
    case .float(let number): typed(1) { $0.float(2, number) }
    case .int(let number): typed(2) { $0.int(3, Int(number)) }
    case .string(let bytes): typed(3) { $0.bytes(4, bytes) }
    case .floats(let numbers): typed(6) { for number in numbers { $0.float(7, number) } }
    case .ints(let numbers): typed(7) { for number in numbers { $0.int(8, Int(number)) } }
    case .strings(let texts): typed(8) { for text in texts { $0.bytes(9, text) } }
    case .tensor(let tensor):
      writer.message(5, try self.tensor(tensor))
      typed(4) { _ in }
    case .graph(let inner):
      writer.message(6, try graph(inner))
      typed(5) { _ in }
    case .tensors(let list):
      for tensor in list { writer.message(10, try self.tensor(tensor)) }
      typed(9) { _ in }
    case .graphs(let list):
      for inner in list { writer.message(11, try graph(inner)) }
      typed(10) { _ in }
    case .reference(let other): typed(0) { $0.text(21, other) }
    case .sparse(let tensor):
      writer.message(22, try sparse(tensor))
      typed(11) { _ in }
    case .type(let type): typed(13) { $0.message(14) { Self.type(type, into: &$0) } }
    case .other: break
    }
    return writer
  }

  /// A sparse tensor, copied from the file.
  private func sparse(_ tensor: SparseConstant) throws(GraphError) -> PieceWriter {
    for part in [tensor.values, tensor.indices] {
      if case .external = part.payload {
        throw refusal(
          "sparse tensors whose elements are in the model's file",
          "external data of \(quoted(tensor.values.name))")
      }
    }
    var writer = PieceWriter()
    writer.append(try wire.bytes(tensor.message))
    return writer
  }

  private func tensor(_ tensor: TensorConstant) throws(GraphError) -> PieceWriter {
    var writer = PieceWriter()
    func header(_ fields: inout WireWriter) {
      for extent in tensor.shape { fields.int(1, extent) }
      fields.int(2, tensor.type.rawValue)
      if !tensor.name.isEmpty { fields.text(8, tensor.name) }
    }
    switch tensor.payload {
    case .external:
      throw refusal("tensors whose elements are supplied", "external data of \(quoted(tensor.name))")
    case .raw, .typed:
      // Copied from the file.
      writer.append(try wire.bytes(tensor.message))
      // If a field occurs twice, the last one counts, so this replaces the old name; a function's tensor has another
      // name here.
      if !tensor.name.isEmpty { writer.fields { $0.text(8, tensor.name) } }
    case .held(let bytes):
      writer.fields { fields in
        header(&fields)
        fields.bytes(9, bytes)
      }
    case .supplied(let number):
      writer.fields { fields in
        header(&fields)
        fields.header(9, count: tensor.byteCount)
      }
      writer.elements(number, count: tensor.byteCount)
    }
    return writer
  }

  private func value(_ info: ValueInfo) -> PieceWriter {
    var writer = PieceWriter()
    writer.fields { fields in
      fields.text(1, info.name)
      if let type = info.type { fields.message(2) { Self.type(type, into: &$0) } }
    }
    return writer
  }

  private static func type(_ type: ValueType, into fields: inout WireWriter) {
    switch type {
    case .tensor(let element, let shape):
      fields.message(1) { fields in
        if let element { fields.int(1, element.rawValue) }
        guard let shape else { return }
        fields.message(2) { fields in
          for extent in shape {
            fields.message(1) { fields in
              switch extent {
              case .fixed(let value): fields.int(1, value)
              case .named(let name): fields.text(2, name)
              case .open: break
              }
            }
          }
        }
      }
    case .sequence(let inner): fields.message(4) { $0.message(1) { self.type(inner, into: &$0) } }
    case .optional(let inner): fields.message(9) { $0.message(1) { self.type(inner, into: &$0) } }
    case .map(let key, let inner):
      fields.message(5) { fields in
        if let key { fields.int(1, key.rawValue) }
        fields.message(2) { self.type(inner, into: &$0) }
      }
    case .other: break
    }
  }

  private func refusal(_ expected: String, _ found: String) -> GraphError {
    .refused(.attribute, path: model.path, place: "graph", expected: expected, found: found)
  }
}
