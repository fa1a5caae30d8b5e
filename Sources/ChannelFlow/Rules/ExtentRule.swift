internal import Inference
internal import ONNXGraph

/// Operators that enlarge extents or return them.
enum ExtentRule {
  static func expand(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape, let target = call.integers(1),
      let full = ElementwiseRule.broadcast([shape, target])
    else { return try call.unknownExtents() }
    call.keepsZeros = true
    try call.resolve(0)
    var result = try call.input(0).computed
    result.shape = full
    result.isZero = x.isZero
    let shift = full.count - shape.count
    result.factors = result.factors.map {
      LabelFactor(dimensions: $0.dimensions.map { $0 + shift }, labels: $0.labels)
    }
    // A count of channels may not set an extent here, because the new positions would have no labels. An extent of 1
    // keeps the input's extent.
    var wanted: [Int?] = target.map { _ in nil }
    try uncounted(call, 1, except: result.factors.map { $0.dimensions[0] - (full.count - target.count) })
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
    else { return try call.unknownExtents() }
    call.keepsZeros = true
    try call.resolve(0)
    var result = try call.input(0).computed
    result.shape = zip(shape, repeats).map { $0 &* $1 }
    // A factor with too many positions is dropped; `FlowAccount` then finds it missing and stops it.
    result.factors.removeAll { repeats[$0.dimensions[0]] * $0.labels.count > PartsRule.positionLimit }
    result.factors = result.factors.map { factor in
      let count = repeats[factor.dimensions[0]]
      return LabelFactor(
        dimensions: factor.dimensions, labels: (0..<count).flatMap { _ in factor.labels })
    }
    return [result]
  }

  static func resize(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    guard let shape = x.shape, call.node.attributes["axes"] == nil,
      call.string("keep_aspect_ratio_policy") ?? "stretch" == "stretch",
      call.string("coordinate_transformation_mode") != "tf_crop_and_resize", let full = resized(call, shape)
    else {
      return try call.unknownExtents()
    }
    call.keepsZeros = true
    let scales = scales(call)
    // Another scale can give the same extent, and still moves positions.
    for dimension in shape.indices
    where full[dimension] != shape[dimension] || (scales.map({ $0[dimension] != 1 }) ?? false) {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) changes its extent")
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

  /// `CenterCropPad`: axes keep their labels if their extents stay.
  static func centre(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let target = call.integers(1) else {
      return try call.unknownExtents()
    }
    let given = call.ints("axes") ?? Array(shape.indices)
    let axes = given.compactMap { call.axis($0, rank: shape.count) }
    guard axes.count == target.count, given.count == axes.count, Set(axes).count == axes.count else {
      return try call.unknownExtents()
    }
    for (axis, extent) in zip(axes, target) where extent != shape[axis] {
      try call.stop(try call.labels(0, axis), "\(call.node.shown) changes its extent")
    }
    try call.resolve(0)
    call.keepsZeros = true
    var result = try call.input(0).computed
    var wanted: [Int?] = target.map { _ in nil }
    for (place, axis) in axes.enumerated() {
      result.shape?[axis] = target[place]
      guard let factor = result.factors.first(where: { $0.dimensions == [axis] }) else { continue }
      let count = factor.labels.count { call.labels.isKept($0) }
      if count != factor.labels.count { wanted[place] = count }
    }
    try call.adapt(1, wanted)
    return [result]
  }

  /// The scales of all dimensions; nil if sizes are given.
  private static func scales(_ call: FlowCall) -> [Double]? {
    if call.integers(3) != nil { return nil }
    if case .floats(let list)? = call.node.attributes["scales"] { return list.map(Double.init) }
    return call.optional(call.opset < 11 ? 1 : 2)?.known?.reals
  }

  private static func resized(_ call: FlowCall, _ shape: [Int]) -> [Int]? {
    if let sizes = call.integers(3) { return sizes.count == shape.count ? sizes : nil }
    guard let scales = scales(call), scales.count == shape.count else { return nil }
    return zip(shape, scales).map { extent, scale in
      let value = (Double(extent) * scale).rounded(.down)
      return value >= 0 && value < 1e9 ? Int(value) : 0
    }
  }

  /// Extents are known before the network runs, also in the dense network. Extents of weights are constants.
  static func shape(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    // The cut dimension determines which labels are counted.
    try call.resolve(0)
    let x = try call.input(0)
    guard let shape = x.shape else { return [.unknown] }
    let isSize = call.node.operation == "Size"
    let rank = shape.count
    func place(_ name: String, _ otherwise: Int) -> Int {
      let given = call.int(name) ?? otherwise
      return min(max(given < 0 ? given + rank : given, 0), rank)
    }
    let (start, end) = isSize ? (0, rank) : (place("start", 0), place("end", rank))
    let dimensions = start < end ? start..<end : 0..<0
    func reported(_ extents: [Int]) -> Tensor? {
      isSize
        ? call.context.small.integers([extents.reduce(1, &*)], isScalar: true)
        : call.context.small.integers(Array(extents[dimensions]))
    }
    call.leave(0)
    guard let known = reported(shape) else { return [.unknown] }
    if x.isConstant {
      call.dense.node.operation = "Identity"
      call.dense.node.attributes = [:]
      call.dense.replace(input: 0, by: known)
      return [.constant(known)]
    }
    var result = FlowValue(known.shape)
    result.known = known
    result.denseKnown = call.context.denseShape(x).flatMap(reported)
    for factor in x.factors where factor.dimensions.contains(where: dimensions.contains) {
      result.counted += factor.labels
    }
    return [result]
  }

  static func constantOfShape(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let extents = call.integers(0), extents.allSatisfy({ $0 >= 0 }) else { return [.unknown] }
    try uncounted(call, 0)
    var result = FlowValue(extents)
    result.isZero = true
    if case .tensor(let value)? = call.node.attributes["value"] {
      result.isZero = call.context.small.constant(value)?.reals?.allSatisfy { $0 == 0 } ?? false
    }
    return [result]
  }

  /// Stops the labels that an input's numbers count, unless only numbers at `places` differ in the sub-network.
  private static func uncounted(
    _ call: FlowCall, _ index: Int, except places: [Int] = []
  ) throws(FlowError) {
    guard let value = call.optional(index), !value.counted.isEmpty else { return }
    call.adapted.insert(index)
    let (full, dense) = (value.known?.integers ?? [], value.denseKnown?.integers ?? [])
    let isSame =
      full.count == dense.count
      && full.indices.allSatisfy { full[$0] == dense[$0] || places.contains($0) }
    if !isSame { try call.stop(value.counted, "\(call.node.shown) uses it as a number of positions") }
  }
}
