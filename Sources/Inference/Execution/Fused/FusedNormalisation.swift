internal import ONNXGraph

/// y = (x − mean) / √(variance + epsilon) · scale + shift over the last axis; without centring, the mean is 0.
///
/// Exporters for operator sets before 17, and for 23 of `RMSNormalization`, write it as eight nodes or more.
struct FusedNormalisation: FusedOperator {
  let epsilon: Double
  let centres: Bool
  let hasShift: Bool

  func evaluate(_ call: OperatorCall) throws(OperatorError) -> Tensor? {
    let (x, scale) = (try call.input(0), try call.input(1))
    guard x.rank >= 1 else { return nil }
    let unused = try call.make(.float, [x.shape.dropLast().product])
    return try FastLines.normalised(
      call, x, axis: x.rank - 1, scale: scale, shift: hasShift ? try call.input(2) : nil, epsilon: epsilon,
      centres: centres, means: unused, factors: unused)
  }
}

/// Finds normalisations that are written as single nodes.
struct NormalisationPattern {
  let graph: FusionGraph

  /// The normalisation whose first mean is the node `start`.
  ///
  /// With m = mean(x): c = x − m; c · scale / √(mean(c²) + epsilon) + shift. Or, with m = mean(x²):
  /// x · scale / √(m + epsilon).
  func found(at start: Int) -> FusedNodes? {
    guard let source = graph.meanOfLast(start) else { return nil }
    if let square = graph.maker(of: source), let x = graph.squared(square), graph.isInner(square) {
      return normalised(x, mean: start, before: [square], centres: false)
    }
    let differences = graph.users(of: start)
    guard graph.isInner(start), (1...2).contains(differences.count) else { return nil }
    for node in differences {
      guard graph.inputs(node, of: "Sub") == [source, graph.output(start)], graph.isInner(node) else {
        return nil
      }
    }
    let centred = Set(differences.map(graph.output))
    for square in differences.flatMap(graph.users) {
      if let x = graph.squared(square), centred.contains(x), graph.isInner(square),
        let mean = graph.onlyUser(of: square), graph.meanOfLast(mean) == graph.output(square)
      {
        return normalised(
          source, mean: mean, before: [start] + differences + [square], centres: true, centred)
      }
    }
    return nil
  }

  private func normalised(
    _ x: String, mean: Int, before: [Int], centres: Bool, _ centred: Set<String>? = nil
  ) -> FusedNodes? {
    let numerators = centred ?? [x]
    guard let add = graph.onlyUser(of: mean),
      let epsilon = graph.inputs(add, of: "Add")?.compactMap({ graph.number($0) }).first,
      let root = graph.onlyUser(of: add), graph.inputs(root, of: "Sqrt") != nil,
      var quotient = graph.onlyUser(of: root)
    else { return nil }
    var nodes = before + [mean, add, root]
    let deviation = graph.output(root)
    if let inputs = graph.inputs(quotient, of: "Div"), numerators.contains(inputs[0]), inputs[1] == deviation
    {
    } else if let inputs = graph.inputs(quotient, of: "Div"), graph.number(inputs[0]) == 1 {
      nodes.append(quotient)
      guard let next = product(quotient, numerators) else { return nil }
      quotient = next
    } else if graph.inputs(quotient, of: "Reciprocal") != nil {
      nodes.append(quotient)
      guard let next = product(quotient, numerators) else { return nil }
      quotient = next
    } else {
      return nil
    }
    guard let scaling = graph.onlyUser(of: quotient), let scale = graph.row(scaling, "Mul", quotient) else {
      return nil
    }
    nodes += [quotient, scaling]
    // The centred values must have no users outside.
    for number in before where !graph.isUsed(number, onlyBy: nodes) { return nil }
    var inputs = [x, scale]
    let shifting = graph.onlyUser(of: scaling)
    if let shifting, let shift = graph.row(shifting, "Add", scaling) {
      inputs.append(shift)
      nodes.append(shifting)
    }
    return FusedNodes(
      fused: FusedNormalisation(epsilon: epsilon, centres: centres, hasShift: inputs.count == 3),
      inputs: inputs, nodes: nodes.sorted())
  }

  /// The product of the node's output and one of `factors`.
  private func product(_ node: Int, _ factors: Set<String>) -> Int? {
    guard let next = graph.onlyUser(of: node), let inputs = graph.inputs(next, of: "Mul"),
      inputs.contains(where: factors.contains)
    else { return nil }
    return next
  }
}
