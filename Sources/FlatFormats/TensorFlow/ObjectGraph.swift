internal import ByteFiles
internal import ONNXGraph
internal import Tensors

/// The graph of objects that an object-based checkpoint stores as a text (`TrackableObjectGraph`): the names of variables,
/// and which of them belong to an optimizer.
struct ObjectGraph {
  static let key: TensorName = "_CHECKPOINTABLE_OBJECT_GRAPH"

  private struct Node {
    var children: [(node: Int, name: String)] = []
    /// The keys of the node's values, with the names that variables had in the program.
    var values: [(key: String, name: String)] = []
    var hasSlots = false

    /// Whether the object is an optimizer: it has slots, or the members of Keras's optimizers.
    var isOptimizer: Bool {
      func has(_ names: Set<String>) -> Bool { children.contains { names.contains($0.name) } }
      return hasSlots || has(["_learning_rate"]) && has(["_iterations"])
    }
  }

  /// The names that variables had in the program, by the keys of their values.
  private(set) var fullNames: [TensorName: String] = [:]
  /// The keys of variables that no object reaches but an optimizer, or the record of Keras's metrics.
  private(set) var apart: Set<TensorName> = []

  private static let itemLimit = 4_000_000

  /// - Parameters:
  ///   - range: the message in the data file.
  ///   - path: that of the index, for messages.
  init(_ file: ReadableFile, _ range: Range<Int>, path: String) throws(FlatFormatError) {
    let wire = WireFile(file, end: range.upperBound)
    var nodes: [Node] = []
    var items = 0
    do throws(GraphError) {
      var reader = WireReader(wire, range)
      while let field = try reader.next() {
        guard field.number == 1, case .bytes(let range) = field.value else { continue }
        nodes.append(try Self.node(wire, range, &items))
        items += 1
        if items > Self.itemLimit { break }
      }
    } catch {
      guard case .refused(_, _, let place, let expected, let found) = error else {
        throw FlatFormatError(error)
      }
      throw Self.broken(path, place, expected, found)
    }
    guard items <= Self.itemLimit else {
      throw .refused(
        .tensorflowLimit, path: path, place: "object graph",
        expected: "at most \(Self.itemLimit.grouped) objects and links", found: "more")
    }
    for (number, node) in nodes.enumerated() {
      for child in node.children where !nodes.indices.contains(child.node) {
        throw Self.broken(
          path, "object \(number)", "links to the \(nodes.count.grouped) objects", "one to \(child.node)")
      }
    }
    let reached = Self.reached(nodes)
    var kept: Set<TensorName> = []
    for (number, node) in nodes.enumerated() {
      for value in node.values {
        let key = TensorName(value.key)
        if fullNames[key] == nil { fullNames[key] = value.name }
        if reached[number] { kept.insert(key) } else { apart.insert(key) }
      }
    }
    apart.subtract(kept)
  }

  private static func broken(
    _ path: String, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(
      .tensorflowGraph, path: path, place: "object graph, \(place)", expected: expected, found: found)
  }

  /// The objects that are reached without an optimizer and without the record of Keras's metrics.
  private static func reached(_ nodes: [Node]) -> [Bool] {
    var reached = [Bool](repeating: false, count: nodes.count)
    var waiting: [Int] = nodes.isEmpty || nodes[0].isOptimizer ? [] : [0]
    if !waiting.isEmpty { reached[0] = true }
    while let number = waiting.popLast() {
      for child in nodes[number].children where !reached[child.node] {
        if child.name == "optimizer" || child.name == "keras_api" || nodes[child.node].isOptimizer {
          continue
        }
        reached[child.node] = true
        waiting.append(child.node)
      }
    }
    return reached
  }

  private static func node(
    _ wire: WireFile, _ range: Range<Int>, _ items: inout Int
  ) throws(GraphError) -> Node {
    var node = Node()
    var reader = WireReader(wire, range)
    while let field = try reader.next(), items <= itemLimit {
      guard case .bytes(let range) = field.value else { continue }
      items += 1
      switch field.number {
      case 1:
        var (child, name) = (0, "")
        var inner = WireReader(wire, range)
        while let field = try inner.next() {
          switch (field.number, field.value) {
          case (1, .varint(let bits)): child = Int(truncatingIfNeeded: bits)
          case (2, .bytes(let range)): name = try text(wire, range)
          default: break
          }
        }
        node.children.append((child, name))
      case 2:
        var (kind, full, key) = ("", "", "")
        var inner = WireReader(wire, range)
        while let field = try inner.next() {
          guard case .bytes(let range) = field.value else { continue }
          switch field.number {
          case 1: kind = try text(wire, range)
          case 2: full = try text(wire, range)
          case 3: key = try text(wire, range)
          default: break
          }
        }
        if kind == "VARIABLE_VALUE" { node.values.append((key, full)) }
      case 3: node.hasSlots = true
      default: break
      }
    }
    return node
  }

  private static func text(_ wire: WireFile, _ range: Range<Int>) throws(GraphError) -> String {
    guard range.count <= 65_535, let text = String(validating: try wire.bytes(range), as: UTF8.self) else {
      throw wire.refusal(.text, "byte \(range.lowerBound)", "a name in UTF-8", "other bytes")
    }
    return text
  }
}
