internal import StrictJSON
internal import Tensors

/// The modules of a list of tensors, with the totals of their tensors.
///
/// Names are split at `.` and `/`. A module that contains only tensors is one line, like a folder in the output of
/// `du`; a tensor next to modules has its own line.
struct ModuleTree {
  /// The deepest level; the rest of a longer name is one component.
  private static let levelLimit = 64

  /// A line of the tree.
  struct Line {
    /// The last component of the name, with its separator if the name ends in one.
    let label: String
    /// The name from the root; empty for the root.
    let path: String
    let depth: Int
    let sum: Sum
    /// The tensor; nil for a module.
    let tensor: TensorSpec?
  }

  /// The totals of a module. A tied tensor counts as a tensor, but adds no elements or bytes.
  struct Sum {
    var tensors = 0
    var elements = 0
    var bytes = 0
  }

  private struct Node {
    let label: String
    let path: String
    let depth: Int
    var sum = Sum()
    var children: [Int] = []
    var tensor: TensorSpec?
  }

  /// The root is the first.
  private var nodes = [Node(label: "", path: "", depth: 0)]

  init(_ tensors: [Inspection.Tensor]) {
    var places: [Int: [TensorName: Int]] = [:]
    for tensor in tensors {
      let components = Self.components(tensor.spec.name.text)
      let isTied = tensor.tiedTo != nil
      var node = 0
      var path = ""
      add(tensor.spec, isTied, to: 0)
      for (depth, component) in components.enumerated() {
        path += component
        let isLast = depth + 1 == components.count
        let key = TensorName(component)
        // A module may have the same name as a tensor; two tensors never have the same line.
        if !isLast, let known = places[node]?[key] {
          node = known
        } else {
          nodes.append(Node(label: component, path: path, depth: depth + 1))
          nodes[node].children.append(nodes.count - 1)
          if !isLast { places[node, default: [:]][key] = nodes.count - 1 }
          node = nodes.count - 1
        }
        add(tensor.spec, isTied, to: node)
        if isLast { nodes[node].tensor = tensor.spec }
      }
      if components.isEmpty { nodes[0].children.append(leaf(tensor.spec, isTied)) }
    }
  }

  /// A tensor with an empty name.
  private mutating func leaf(_ spec: TensorSpec, _ isTied: Bool) -> Int {
    nodes.append(Node(label: "", path: "", depth: 1, tensor: spec))
    add(spec, isTied, to: nodes.count - 1)
    return nodes.count - 1
  }

  private mutating func add(_ spec: TensorSpec, _ isTied: Bool, to node: Int) {
    nodes[node].sum.tensors += 1
    if isTied { return }
    nodes[node].sum.elements += spec.elementCount
    nodes[node].sum.bytes += spec.byteCount
  }

  /// The components, each with the separator that follows it.
  private static func components(_ name: String) -> [String] {
    var components: [String] = []
    var current = ""
    for scalar in name.unicodeScalars {
      current.unicodeScalars.append(scalar)
      if scalar == "." || scalar == "/", components.count + 1 < levelLimit {
        components.append(current)
        current = ""
      }
    }
    if !current.isEmpty { components.append(current) }
    return components
  }

  /// The lines from the root down.
  ///
  /// - Parameters:
  ///   - depth: the deepest level that has lines; nil for all.
  ///   - isBySize: whether modules of the same parent are sorted by size, largest first.
  func lines(depth: Int?, isBySize: Bool) -> [Line] {
    var lines: [Line] = []
    var waiting = [0]
    while let number = waiting.popLast() {
      let node = nodes[number]
      lines.append(
        Line(label: node.label, path: node.path, depth: node.depth, sum: node.sum, tensor: node.tensor))
      guard node.depth < depth ?? .max else { continue }
      var children = node.children
      // The totals describe a module that contains only tensors, so its tensors have no lines.
      if number != 0, children.allSatisfy({ nodes[$0].tensor != nil }) { continue }
      if isBySize {
        children = children.enumerated().sorted {
          (nodes[$1.element].sum.bytes, $0.offset) < (nodes[$0.element].sum.bytes, $1.offset)
        }.map(\.element)
      }
      waiting += children.reversed()
    }
    return lines
  }
}

extension ModuleTree {
  /// The tree as a table.
  func painted(depth: Int?, isBySize: Bool, width: Int?) -> PaintedText {
    let lines = lines(depth: depth, isBySize: isBySize)
    let hasTensors = lines.contains { $0.tensor != nil }
    var columns: [TextTable.Column] = [
      .init("module", shrinks: true), .init("tensors", .right), .init("elements", .right),
      .init("size", .right),
      .init("share", .right),
    ]
    if hasTensors { columns.append(.init("tensor")) }
    var table = TextTable(columns)
    let total = nodes[0].sum.bytes
    for line in lines {
      let share = total == 0 ? 0 : Double(line.sum.bytes) / Double(total)
      var cells = [
        String(repeating: "  ", count: line.depth)
          + (line.depth == 0 ? "all" : TensorName(Self.trimmed(line.label)).escaped),
        line.sum.tensors.grouped, line.sum.elements.grouped,
        ByteCount(line.sum.bytes).description, Self.percent(share),
      ]
      if hasTensors { cells.append(line.tensor.map { "\($0.dtype.rawValue) \($0.shapeText)" } ?? "") }
      table.append(cells, styles: line.depth == 1 ? [0: .title] : [:])
    }
    return table.painted(width: width)
  }

  /// Every module with its totals, in the form of `schemas/inspect.schema.json`.
  func json(depth: Int?, isBySize: Bool) -> JSONValue {
    .array(
      lines(depth: depth, isBySize: isBySize).filter { $0.tensor == nil }.map { line in
        object([
          ("name", .string(Self.trimmed(line.path))), ("tensors", JSONValue(line.sum.tensors)),
          ("elements", JSONValue(line.sum.elements)), ("bytes", JSONValue(line.sum.bytes)),
        ])
      })
  }

  private static func trimmed(_ text: String) -> String {
    text.last == "." || text.last == "/" ? String(text.dropLast()) : text
  }

  private static func percent(_ share: Double) -> String {
    let tenths = (share * 1000).rounded() / 10
    return "\(tenths) %"
  }
}
