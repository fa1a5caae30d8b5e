package import ONNXGraph

/// Extents for inputs whose declared shapes are partly open.
package enum InputShapes {
  /// The declared extents, with `open` for the open ones; nil if even the rank is open.
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

  /// Candidates for the open extents of a network's inputs, most likely first. The first extent is usually the batch,
  /// and images must be large enough for the network's strides. A batch of 2 precedes 1, because values that meet an
  /// extent of 1 would appear to be broadcast.
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
