import ByteFiles
import ONNXGraph
import Tensors
import TestSupport
import Testing

@Suite("Rewriting models")
struct RewritingTests {
  /// Tensors at every depth, among unknown fields.
  static let bytes = ModelBytes.model(more: { model in
    model.text(6, "documentation")
    model.text(1900, "from the future")
  }) { graph in
    graph.text(10, "documentation of the graph")
    graph.tensor("a", type: 7, [2]) { tensor in
      tensor.packed(7, [1, 300])
      tensor.text(12, "documentation of a tensor")
      tensor.text(777, "unknown to us")
    }
    graph.node("If", ["c"], ["y"], name: "if") { node in
      node.text(6, "documentation of a node")
      node.attribute("then_branch") { branch in
        branch.ones("w", [3])
        branch.node("Identity", ["w"], ["o"])
      }
    }
    graph.ones("b", [2, 2])
    graph.varint(999, 5)
  }

  private func open(_ folder: TemporaryFolder, _ bytes: [UInt8], _ name: String) throws -> Model {
    try Model(try ReadableFile(path: try folder.write(bytes, as: name)))
  }

  private func assembled(_ pieces: [RewrittenPiece], _ old: [UInt8], _ elements: [[UInt8]]) -> [UInt8] {
    pieces.flatMap { piece in
      switch piece {
      case .bytes(let bytes): bytes
      case .copied(let range): Array(old[range])
      case .elements(let number, _): elements[number]
      }
    }
  }

  @Test("nothing replaced gives the same file, in one piece")
  func identity() throws {
    let folder = try TemporaryFolder()
    let model = try open(folder, Self.bytes, "m.onnx")
    let pieces = try ModelRewriting(model, replacing: []).pieces()
    #expect(pieces == [.copied(0..<Self.bytes.count)])
  }

  @Test("a replaced tensor changes its elements, and no other byte's meaning")
  func replacement() throws {
    let folder = try TemporaryFolder()
    let model = try open(folder, Self.bytes, "m.onnx")
    let constants = try model.constants()
    #expect(constants.map(\.name.text) == ["a", "if/then_branch/w", "b"])
    let new: [[UInt8]] = [Array(0..<48), Array(100..<220)]
    let replacements = [
      TensorReplacement(message: constants[1].constant.message, type: .double, shape: [2, 3], byteCount: 48),
      TensorReplacement(message: constants[0].constant.message, type: .uint8, shape: [120], byteCount: 120),
    ]
    let pieces = try ModelRewriting(model, replacing: replacements).pieces()
    let rewritten = assembled(pieces, Self.bytes, new)
    let again = try open(folder, rewritten, "n.onnx")
    let found = try again.constants()
    #expect(found.map(\.name) == constants.map(\.name))
    #expect(found.map(\.constant.shape) == [[120], [2, 3], [2, 2]])
    #expect(found.map(\.constant.type) == [.uint8, .double, .float])
    let external = ExternalFiles(of: again.file)
    for (constant, wanted) in [(found[0].constant, new[1]), (found[1].constant, new[0])] {
      var bytes = [UInt8](repeating: 0, count: wanted.count)
      let reader = try ConstantReader(constant, file: again.file, external: external)
      try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
      #expect(bytes == wanted)
    }
    // Unknown fields, and known ones that are not read, are still there.
    for text in [
      "documentation", "from the future", "documentation of the graph", "documentation of a tensor",
      "unknown to us", "documentation of a node",
    ] {
      #expect(rewritten.contains(Array(text.utf8)), "\(text)")
    }
  }

  @Test("replacing every tensor by itself gives a file of the same tensors")
  func everything() throws {
    let folder = try TemporaryFolder()
    let model = try open(folder, Self.bytes, "m.onnx")
    let constants = try model.constants()
    let external = ExternalFiles(of: model.file)
    var elements: [[UInt8]] = []
    for named in constants {
      var bytes = [UInt8](repeating: 0, count: named.constant.byteCount)
      let reader = try ConstantReader(named.constant, file: model.file, external: external)
      try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
      elements.append(bytes)
    }
    let replacements = constants.map {
      TensorReplacement(
        message: $0.constant.message, type: $0.constant.type, shape: $0.constant.shape,
        byteCount: $0.constant.byteCount)
    }
    let pieces = try ModelRewriting(model, replacing: replacements).pieces()
    #expect(pieces.reduce(0) { $0 + $1.count } == assembled(pieces, Self.bytes, elements).count)
    let again = try open(folder, assembled(pieces, Self.bytes, elements), "n.onnx")
    #expect(try again.constants().map(\.constant.shape) == constants.map(\.constant.shape))
  }
}
