import ByteFiles
import ONNXGraph
import Tensors
import TestSupport
import Testing

@Suite("Reading models")
struct ModelReadingTests {
  private func open(_ bytes: [UInt8]) throws -> Model {
    let folder = try TemporaryFolder()
    return try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
  }

  @Test("every dtype of flat formats has its element type")
  func elementTypes() {
    for dtype in DType.unquantised { #expect(ElementType(dtype)?.dtype == dtype) }
    #expect(ElementType(.q40) == nil)
    #expect(ElementType.allCases.map(\.rawValue) == Array(1...28))
    #expect(ElementType.allCases.filter { $0.dtype == nil } == [.string])
  }

  @Test("inputs that have an initializer need not be given")
  func requiredInputs() throws {
    let model = try open(
      ModelBytes.model(ir: 3) { graph in
        graph.value(11, "x", [2])
        graph.value(11, "w", [2])
        graph.ones("w", [2])
      })
    #expect(model.graph.inputs.map(\.name) == ["x", "w"])
    #expect(model.graph.requiredInputs.map(\.name) == ["x"])
    #expect(model.irVersion == 3 && model.opsets == ["": 17])
  }

  @Test("tensors of functions that differ only in their overload have names of their own")
  func overloads() throws {
    let model = try open(
      ModelBytes.model(more: { model in
        for overload in ["", "one", "two"] {
          model.message(25) { function in
            function.text(1, "f")
            function.text(10, "d")
            if !overload.isEmpty { function.text(13, overload) }
            function.message(7) { node in
              node.text(2, "w")
              node.text(4, "Constant")
              node.message(5) { attribute in
                attribute.text(1, "value")
                attribute.message(5) { tensor in
                  tensor.int(1, 1)
                  tensor.int(2, 3)
                  tensor.bytes(9, [7])
                }
                attribute.int(20, 4)
              }
            }
          }
        }
      }) { graph in graph.node("Identity", ["x"], ["y"]) })
    #expect(try model.constants().map(\.name.text) == ["d.f/w", "d.f:one/w", "d.f:two/w"])
  }

  @Test("names that differ only in their Unicode form are refused, as Swift's strings would mix them up")
  func unicodeForms() throws {
    func bytes(_ first: String, _ second: String) -> [UInt8] {
      ModelBytes.model { graph in
        graph.value(11, first, [2])
        graph.value(11, second, [2])
        graph.node("Add", [first, second], ["y"])
      }
    }
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    #expect(composed == decomposed)
    let error = #expect(throws: GraphError.self) { try open(bytes(composed, decomposed)) }
    #expect(error?.rule == .text && "\(String(describing: error))".contains("two Unicode forms"))
    for name in [composed, decomposed] {
      let model = try open(bytes(name, "x"))
      #expect(Array(model.graph.nodes[0].inputs[0].utf8) == Array(name.utf8))
    }
  }

  @Test("an output without a name is not the other input of anything, and passes no tensor on")
  func unnamedOutputs() throws {
    let model = try open(
      ModelBytes.model { graph in
        graph.ones("w", [2])
        graph.ones("v", [2])
        graph.node("Exp", ["x"], ["e", ""])
        graph.node("Cast", ["v"], [""])
        graph.node("Clip", ["e", "", "w"], ["y"])
        graph.node("Add", ["y", "v"], ["z"])
      })
    let uses = model.tensorUses
    #expect(uses["w"]?.operation == "Clip" && uses["w"]?.beside == nil)
    #expect(uses["v"]?.operation == "Add" && uses["v"]?.beside == "Clip")
  }

  @Test("attributes of files that do not say their type are what their last field is")
  func untypedAttributes() throws {
    let model = try open(
      ModelBytes.model { graph in
        graph.node("X", [], ["y"]) { node in
          node.message(5) { attribute in
            attribute.text(1, "count")
            attribute.int(3, -7)
          }
        }
      })
    guard case .int(let value)? = model.graph.nodes[0].attributes["count"] else {
      Issue.record("no whole number")
      return
    }
    #expect(value == -7)
  }

  @Test(
    "a writer's numbers are read as they were written", arguments: [0, 1, 127, 128, 300, 1 << 35, -1, .min])
  func varints(value: Int) throws {
    let model = try open(ModelBytes.model { graph in graph.int64s("t", [value]) })
    let named = try model.constants()[0]
    var bytes = [UInt8](repeating: 0, count: 8)
    let reader = try ConstantReader(named.constant, file: model.file, external: ExternalFiles(of: model.file))
    try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
    #expect(bytes == withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) })
  }

  @Test("elements of every width are read in pieces of any size", arguments: [1, 2, 3, 7, 64])
  func pieces(piece: Int) throws {
    let values = (0..<16).map { $0 * 17 % 64 }
    let model = try open(
      ModelBytes.model { graph in
        graph.tensor("six", type: 27, [16]) { $0.packed(5, values) }
        graph.tensor("eight", type: 2, [16]) { $0.packed(5, values) }
        graph.tensor("wide", type: 13, [16]) { $0.packed(11, values) }
      })
    let external = ExternalFiles(of: model.file)
    for named in try model.constants() {
      let constant = named.constant
      var bytes = [UInt8](repeating: 0, count: constant.byteCount)
      let reader = try ConstantReader(constant, file: model.file, external: external)
      try bytes.withUnsafeMutableBytes { buffer in
        for start in stride(from: 0, to: buffer.count, by: piece) {
          try reader.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[start..<min(buffer.count, start + piece)]))
        }
      }
      let bits = constant.byteCount / 2
      for (index, value) in values.enumerated() {
        var found = 0
        for bit in 0..<bits where bytes[(index * bits + bit) / 8] >> UInt8((index * bits + bit) % 8) & 1 == 1
        {
          found |= 1 << bit
        }
        #expect(found == value, "\(named.name) [\(index)]")
      }
    }
  }
}
