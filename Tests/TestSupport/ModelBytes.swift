package import ONNXGraph

/// ONNX messages, field by field, for files that no exporter would write.
package enum ModelBytes {
  package typealias Build = (inout WireWriter) -> Void

  /// A model with this graph, IR version 8 and one operator set.
  package static func model(opset: Int = 17, ir: Int = 8, more: Build = { _ in }, graph: Build) -> [UInt8] {
    var model = WireWriter()
    model.int(1, ir)
    model.message(7, graph)
    model.message(8) { set in
      set.text(1, "")
      set.int(2, opset)
    }
    more(&model)
    return model.bytes
  }
}

extension WireWriter {
  /// A node of a graph or a function.
  package mutating func node(
    _ operation: String, _ inputs: [String], _ outputs: [String], name: String? = nil, field: Int = 1,
    domain: String = "", attributes: ModelBytes.Build = { _ in }
  ) {
    message(field) { node in
      for input in inputs { node.text(1, input) }
      for output in outputs { node.text(2, output) }
      node.text(3, name ?? "the-\(operation)")
      node.text(4, operation)
      if !domain.isEmpty { node.text(7, domain) }
      attributes(&node)
    }
  }

  /// Attributes of a node.
  package mutating func attribute(_ name: String, int value: Int) {
    message(5) { attribute in
      attribute.text(1, name)
      attribute.int(3, value)
      attribute.int(20, 2)
    }
  }

  package mutating func attribute(_ name: String, float value: Float) {
    message(5) { attribute in
      attribute.text(1, name)
      attribute.float(2, value)
      attribute.int(20, 1)
    }
  }

  package mutating func attribute(_ name: String, ints values: [Int]) {
    message(5) { attribute in
      attribute.text(1, name)
      attribute.packed(8, values)
      attribute.int(20, 7)
    }
  }

  package mutating func attribute(_ name: String, floats values: [Float]) {
    message(5) { attribute in
      attribute.text(1, name)
      for value in values { attribute.float(7, value) }
      attribute.int(20, 6)
    }
  }

  package mutating func attribute(_ name: String, texts values: [String]) {
    message(5) { attribute in
      attribute.text(1, name)
      for value in values { attribute.text(9, value) }
      attribute.int(20, 8)
    }
  }

  package mutating func attribute(_ name: String, text value: String) {
    message(5) { attribute in
      attribute.text(1, name)
      attribute.text(4, value)
      attribute.int(20, 3)
    }
  }

  package mutating func attribute(_ name: String, graph build: ModelBytes.Build) {
    message(5) { attribute in
      attribute.text(1, name)
      attribute.message(6, build)
      attribute.int(20, 5)
    }
  }

  /// A tensor as a field of the message: an initializer is field 5 of a graph.
  package mutating func tensor(
    _ name: String, field: Int = 5, type: Int = 1, _ dims: [Int], raw: [UInt8]? = nil,
    more: ModelBytes.Build = { _ in }
  ) {
    message(field) { tensor in
      for extent in dims { tensor.int(1, extent) }
      tensor.int(2, type)
      tensor.text(8, name)
      if let raw { tensor.bytes(9, raw) }
      more(&tensor)
    }
  }

  /// A vector of INT64.
  package mutating func int64s(_ name: String, _ values: [Int], shape: [Int]? = nil) {
    tensor(name, type: 7, shape ?? [values.count]) { $0.packed(7, values) }
  }

  /// A FLOAT tensor of ones.
  package mutating func ones(_ name: String, _ dims: [Int]) {
    let one = withUnsafeBytes(of: Float(1).bitPattern.littleEndian) { Array($0) }
    tensor(name, dims, raw: (0..<dims.reduce(1, *)).flatMap { _ in one })
  }

  /// External data of a tensor.
  package mutating func external(_ entries: [(String, String)]) {
    int(14, 1)
    for (key, value) in entries {
      message(13) { entry in
        entry.text(1, key)
        entry.text(2, value)
      }
    }
  }

  /// A declared value: field 11 is an input of a graph, 12 an output.
  package mutating func value(_ field: Int, _ name: String, type: Int = 1, _ dims: [Int]? = nil) {
    message(field) { value in
      value.text(1, name)
      value.message(2) { kind in
        kind.message(1) { tensor in
          tensor.int(1, type)
          if let dims {
            tensor.message(2) { shape in
              for extent in dims { shape.message(1) { $0.int(1, extent) } }
            }
          }
        }
      }
    }
  }
}
