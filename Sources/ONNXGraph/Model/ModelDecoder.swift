internal import ByteFiles

/// Decodes `ModelProto`, `GraphProto`, `NodeProto` and `FunctionProto`.
struct ModelDecoder {
  private let decoder: MessageDecoder
  private let counter = ItemCounter()

  init(_ file: ReadableFile) {
    decoder = MessageDecoder(wire: WireFile(file), place: "model")
  }

  func model() throws(GraphError) -> Model {
    var irVersion = 0
    var opsets: [String: Int] = [:]
    var producer: [Int: String] = [:]
    var graph: Range<Int>?
    var functions: [Function] = []
    var metadata: [(key: String, value: String)] = []
    try decoder.forEachField(0..<decoder.wire.file.size) { field throws(GraphError) in
      switch field.number {
      case 1: irVersion = Int(try decoder.int(field))
      case 2, 3: producer[field.number] = try decoder.text(field)
      case 7:
        // Protobuf would merge both graphs; other readers may not.
        guard graph == nil else { throw decoder.refusal(.wire, "one graph", "two") }
        graph = try decoder.range(field)
      case 8:
        let (domain, version) = try opset(try decoder.range(field))
        opsets[domain] = version
      case 14:
        try counter.add(2, decoder)
        metadata.append(try decoder.entry(try decoder.range(field)))
      case 25: functions.append(try function(try decoder.range(field)))
      default: break
      }
    }
    guard let graph else {
      throw decoder.refusal(.noGraph, "a model with a graph", "a message without one")
    }
    // A file from before versions of operator sets uses version 1.
    if opsets[""] == nil, irVersion < 3 { opsets[""] = 1 }
    return Model(
      file: decoder.wire.file, irVersion: irVersion, opsets: opsets,
      producer: [producer[2], producer[3]].compactMap { $0 }.joined(separator: " "),
      graph: try self.graph(graph, decoder), functions: functions, metadata: metadata)
  }

  private func opset(_ range: Range<Int>) throws(GraphError) -> (String, Int) {
    var domain = ""
    var version = 0
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: domain = try decoder.text(field)
      case 2: version = Int(try decoder.int(field))
      default: break
      }
    }
    try counter.add(1, decoder)
    return (Self.normalised(domain), version)
  }

  /// `ai.onnx` is another way to write the empty domain.
  static func normalised(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  func graph(_ range: Range<Int>, _ outer: MessageDecoder) throws(GraphError) -> Graph {
    let decoder = try outer.within(outer.place, deeper: 1)
    var graph = Graph()
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: graph.nodes.append(try node(try decoder.range(field), graph.nodes.count, decoder))
      case 2: graph.name = try decoder.text(field)
      case 5: graph.initializers.append(try tensor(try decoder.range(field), decoder))
      case 15: graph.sparseInitializers.append(try sparse(try decoder.range(field), decoder))
      case 11: graph.inputs.append(try valueInfo(try decoder.range(field), decoder))
      case 12: graph.outputs.append(try valueInfo(try decoder.range(field), decoder))
      default: break
      }
    }
    return graph
  }

  func node(_ range: Range<Int>, _ number: Int, _ outer: MessageDecoder) throws(GraphError) -> Node {
    try counter.add(1, outer)
    var node = Node()
    var decoder = try outer.within("node number \(number)")
    // The names are read first, so that an error in an attribute can give the node's name.
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1:
        try counter.add(1, decoder)
        node.inputs.append(try decoder.text(field))
      case 2:
        try counter.add(1, decoder)
        node.outputs.append(try decoder.text(field))
      case 3: node.name = try decoder.text(field)
      case 4: node.operation = try decoder.text(field)
      case 7: node.domain = Self.normalised(try decoder.text(field))
      case 8: node.overload = try decoder.text(field)
      default: break
      }
    }
    decoder = try outer.within(node.shown)
    let attributes = AttributeDecoder(decoder: decoder, model: self)
    var positions: [String: Int] = [:]
    try decoder.forEachField(range) { field throws(GraphError) in
      guard field.number == 5 else { return }
      try counter.add(1, decoder)
      let (name, value) = try attributes.attribute(try decoder.range(field))
      positions[name] = field.extent.lowerBound
      guard node.attributes.updateValue(value, forKey: name) == nil else {
        throw decoder.refusal(.attribute, "every attribute once", "\(quoted(name)) twice")
      }
    }
    node.unifyConstant(positions)
    return node
  }

  func tensor(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> TensorConstant {
    try counter.add(1, decoder)
    return try TensorDecoder(decoder: decoder, counter: counter).tensor(range)
  }

  func sparse(_ range: Range<Int>, _ decoder: MessageDecoder) throws(GraphError) -> SparseConstant {
    var values: TensorConstant?
    var indices: TensorConstant?
    var dims: [Int64] = []
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: values = try tensor(try decoder.range(field), decoder)
      case 2: indices = try tensor(try decoder.range(field), decoder)
      case 3: try decoder.appendInts(field, to: &dims, counter)
      default: break
      }
    }
    guard let values, let indices, indices.type == .int64 else {
      throw decoder.refusal(.data, "a sparse tensor with values and int64 indices", "one without")
    }
    let (shape, _) = try TensorDecoder.shape(dims, values.type, decoder)
    return SparseConstant(values: values, indices: indices, shape: shape, message: range)
  }

  private func function(_ range: Range<Int>) throws(GraphError) -> Function {
    var function = Function()
    let decoder = try self.decoder.within("function", deeper: 1)
    try decoder.forEachField(range) { field throws(GraphError) in
      switch field.number {
      case 1: function.name = try decoder.text(field)
      case 4:
        try counter.add(1, decoder)
        function.inputs.append(try decoder.text(field))
      case 5:
        try counter.add(1, decoder)
        function.outputs.append(try decoder.text(field))
      case 7: function.nodes.append(try node(try decoder.range(field), function.nodes.count, decoder))
      case 9:
        let (domain, version) = try opset(try decoder.range(field))
        function.opsets[domain] = version
      case 10: function.domain = Self.normalised(try decoder.text(field))
      case 11:
        try counter.add(1, decoder)
        let attributes = AttributeDecoder(decoder: decoder, model: self)
        let (name, value) = try attributes.attribute(try decoder.range(field))
        function.defaults[name] = value
      case 13: function.overload = try decoder.text(field)
      default: break
      }
    }
    return function
  }

  func appendInts(_ field: WireField, to list: inout [Int64], _ decoder: MessageDecoder) throws(GraphError) {
    try decoder.appendInts(field, to: &list, counter)
  }

  func appendFloats(_ field: WireField, to list: inout [Float], _ decoder: MessageDecoder)
    throws(GraphError)
  {
    try decoder.appendFloats(field, to: &list, counter)
  }

  func count(_ number: Int, _ decoder: MessageDecoder) throws(GraphError) {
    try counter.add(number, decoder)
  }
}
