internal import Inference
internal import ONNXGraph

/// Operators that make extents larger, or tell them.
enum ExtentRule {
  static func expand(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape, let target = call.integers(1),
      let full = ElementwiseRule.broadcast([shape, target])
    else { return unknown(call) }
    call.keepsZeros = true
    try call.resolve(0)
    var result = try call.input(0).computed
    result.shape = full
    result.isZero = x.isZero
    result.isConstant = x.isConstant && call.optional(1)?.isConstant == true
    let shift = full.count - shape.count
    result.factors = result.factors.map {
      LabelFactor(dimensions: $0.dimensions.map { $0 + shift }, labels: $0.labels)
    }
    // 1 leaves an extent as it is, whatever it is.
    var wanted: [Int?] = target.map { _ in nil }
    for factor in result.factors {
      let place = factor.dimensions[0] - (full.count - target.count)
      if place >= 0, factor.labels.contains(where: { !call.labels.isKept($0) }) { wanted[place] = 1 }
    }
    try call.adapt(1, wanted)
    return [result]
  }

  static func tile(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape, let repeats = call.integers(1), repeats.count == shape.count,
      repeats.allSatisfy({ (0...(1 << 20)).contains($0) })
    else { return unknown(call) }
    call.keepsZeros = true
    try call.resolve(0)
    var result = try call.input(0).computed
    result.shape = zip(shape, repeats).map { $0 &* $1 }
    for factor in result.factors
    where repeats[factor.dimensions[0]] * factor.labels.count > PartsRule.positionLimit {
      call.fix(factor.labels, "\(call.node.shown) has too many positions to follow")
      result.factors.removeAll { $0.dimensions == factor.dimensions }
    }
    result.factors = result.factors.map { factor in
      let count = repeats[factor.dimensions[0]]
      return LabelFactor(
        dimensions: factor.dimensions, labels: (0..<count).flatMap { _ in factor.labels })
    }
    return [result]
  }

  static func resize(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape, call.node.attributes["axes"] == nil, let full = resized(call, shape) else {
      return unknown(call)
    }
    call.keepsZeros = true
    for dimension in shape.indices where full[dimension] != shape[dimension] {
      call.fix(try call.labels(0, dimension), "\(call.node.shown) changes its extent")
    }
    try call.resolve(0)
    var result = try call.input(0).computed
    result.shape = full
    if call.integers(3) != nil {
      var wanted: [Int?] = full.map { _ in nil }
      for factor in result.factors {
        let count = factor.labels.count { call.labels.isKept($0) }
        if count != factor.labels.count { wanted[factor.dimensions[0]] = count }
      }
      try call.adapt(3, wanted)
    }
    return [result]
  }

  private static func resized(_ call: FlowCall, _ shape: [Int]) -> [Int]? {
    if let sizes = call.integers(3) { return sizes.count == shape.count ? sizes : nil }
    var scales: [Double]?
    if case .floats(let list)? = call.node.attributes["scales"] { scales = list.map(Double.init) }
    scales = scales ?? call.optional(call.opset < 11 ? 1 : 2)?.known?.reals
    guard let scales, scales.count == shape.count else { return nil }
    return zip(shape, scales).map { extent, scale in
      let value = (Double(extent) * scale).rounded(.down)
      return value >= 0 && value < 1e9 ? Int(value) : 0
    }
  }

  /// Extents are known before the network runs, those of the dense one too.
  static func shape(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape else { return [.unknown] }
    let isSize = call.node.operation == "Size"
    func told(_ extents: [Int]) -> Tensor? {
      if isSize { return call.context.small.integers([extents.reduce(1, &*)], isScalar: true) }
      let rank = extents.count
      func place(_ name: String, _ otherwise: Int) -> Int {
        let given = call.int(name) ?? otherwise
        return min(max(given < 0 ? given + rank : given, 0), rank)
      }
      let (start, end) = (place("start", 0), place("end", rank))
      return call.context.small.integers(start < end ? Array(extents[start..<end]) : [])
    }
    let known = told(shape)
    var result = FlowValue(known?.shape)
    result.known = known
    result.denseKnown = call.context.denseShape(x).flatMap(told)
    return [result]
  }

  static func constantOfShape(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let extents = call.integers(0), extents.allSatisfy({ $0 >= 0 }) else { return [.unknown] }
    var result = FlowValue(extents)
    result.isConstant = call.optional(0)?.isConstant == true
    result.isZero = true
    if case .tensor(let value)? = call.node.attributes["value"] {
      result.isZero = call.context.small.constant(value)?.reals?.allSatisfy { $0 == 0 } ?? false
    }
    return [result]
  }

  private static func unknown(_ call: FlowCall) -> [FlowValue] {
    call.fixAll(0, "the extents at \(call.node.shown) are not known")
    return [.unknown]
  }
}
