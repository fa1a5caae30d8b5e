package import ONNXGraph

/// Extents for the inputs of a network that declares some of them open.
package enum InputShapes {
  /// The declared extents, with `open` for those that are not; nil where even the rank is open.
  package static func declared(_ input: ValueInfo, open: [Int] = [1]) -> [Int]? {
    guard case .tensor(_, let extents?)? = input.type else { return nil }
    var given = open[...]
    return extents.map { extent in
      if case .fixed(let value) = extent, value > 0 { return value }
      let value = given.first ?? 1
      if given.count > 1 { given = given.dropFirst() }
      return value
    }
  }

  package static func isFloat(_ input: ValueInfo) -> Bool {
    guard case .tensor(let type?, _)? = input.type else { return true }
    return [.float, .double, .float16, .bfloat16].contains(type)
  }

  /// What the open extents of a network's inputs may be, most likely first: the first is usually the batch, and images
  /// have to survive the network's strides. An open extent is no 1 where the network lets it be another: what it meets
  /// would seem to be spread over it.
  package static func candidates(_ model: Model) -> [[String: [Int]]] {
    let sizes = [[64], [48, 96], [224], [32], [16], [8], [4], [1]]
    let opens = [2, 1].flatMap { batch in sizes.map { [batch] + $0 } }
    return opens.map { open in
      var shapes: [String: [Int]] = [:]
      for input in model.graph.requiredInputs { shapes[input.name] = declared(input, open: open) }
      return shapes
    }
  }
}
