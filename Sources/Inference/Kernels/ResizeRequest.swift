internal import ONNXGraph

/// The settings of a `Resize` or `Upsample`: its attributes, and an extent and a scale for each axis.
struct ResizeRequest {
  var mode = "nearest"
  var transformation = "asymmetric"
  /// Before version 11, the attribute `nearest_mode` did not exist. The specification leaves the position open; "simple"
  /// is ONNX Runtime's: the nearest below, or above on axes that become shorter.
  var nearestMode = "simple"
  var cubic = -0.75
  var excludesOutside = false
  var extrapolation = 0.0
  var isAntialiased = false
  /// The scale of each axis of x.
  var scales: [Double]
  var extents: [Int]
  /// The start and the end of the cropped part, for each axis, as fractions of the extent.
  var region: [(start: Double, end: Double)]

  /// The settings of an `Upsample`, which is a `Resize` with asymmetric coordinates.
  init(upsample call: OperatorCall, _ x: Tensor) throws(OperatorError) {
    self.init(x)
    guard call.opset >= 7 else {
      guard x.rank == 4, let height = try call.float("height_scale"),
        let width = try call.float("width_scale")
      else { throw OperatorError("four dimensions, and scales of the last two", found: shapeText(x.shape)) }
      mode = try call.word("mode", ["nearest", "bilinear"], default: "nearest")
      if mode == "bilinear" { mode = "linear" }
      try setScales([1, 1, height, width], axes: Array(x.shape.indices), x)
      return
    }
    mode = try call.word("mode", ["nearest", "linear"], default: "nearest")
    let given = call.opset < 9 ? try call.floats("scales") : try Self.reals(call, 1)
    try setScales(given ?? [], axes: Array(x.shape.indices), x)
  }

  init(_ call: OperatorCall, _ x: Tensor) throws(OperatorError) {
    self.init(x)
    mode = try call.word("mode", ["nearest", "linear", "cubic"], default: "nearest")
    guard call.opset >= 11 else {
      try setScales(try Self.reals(call, 1) ?? [], axes: Array(x.shape.indices), x)
      return
    }
    transformation = try call.word(
      "coordinate_transformation_mode",
      [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_crop_and_resize", "tf_half_pixel_for_nn",
      ], default: "half_pixel")
    nearestMode = try call.word(
      "nearest_mode", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"],
      default: "round_prefer_floor")
    cubic = try call.float("cubic_coeff_a") ?? -0.75
    excludesOutside = try call.flag("exclude_outside")
    extrapolation = try call.float("extrapolation_value") ?? 0
    isAntialiased = try call.flag("antialias")
    let axes = try call.axes(try call.ints("axes") ?? Array(x.shape.indices), rank: x.rank)
    if transformation == "tf_crop_and_resize" {
      guard let bounds = try Self.reals(call, 1), bounds.count == 2 * axes.count else {
        throw call.wrong(1, "a start and an end for \(axes.count) axes", found: "others")
      }
      for (index, axis) in axes.enumerated() { region[axis] = (bounds[index], bounds[axes.count + index]) }
    }
    if let sizes = try call.integers(3), !sizes.isEmpty {
      try setSizes(sizes, axes: axes, call, x)
    } else {
      try setScales(try Self.reals(call, 2) ?? [], axes: axes, x)
    }
  }

  private init(_ x: Tensor) {
    scales = x.shape.map { _ in 1 }
    extents = x.shape
    region = x.shape.map { _ in (0, 1) }
  }

  private mutating func setScales(_ given: [Double], axes: [Int], _ x: Tensor) throws(OperatorError) {
    guard given.count == axes.count, given.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw OperatorError("\(axes.count) scales above 0", found: "\(given.prefix(8))")
    }
    for (scale, axis) in zip(given, axes) {
      scales[axis] = scale
      // In binary32, as ONNX infers shapes: 5 · 2.6 is then 13.
      let extent = (Float(x.shape[axis]) * Float(scale)).rounded(.down)
      guard extent < 0x1p40 else { throw OperatorError("smaller scales", found: "\(scale)", kind: .budget) }
      extents[axis] = Int(extent)
    }
  }

  private mutating func setSizes(
    _ sizes: [Int], axes: [Int], _ call: OperatorCall, _ x: Tensor
  ) throws(OperatorError) {
    guard sizes.count == axes.count, sizes.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
      throw OperatorError("\(axes.count) sizes", found: shapeText(sizes))
    }
    for (size, axis) in zip(sizes, axes) {
      guard x.shape[axis] > 0 || size == 0 else {
        throw OperatorError("elements on axis \(axis)", found: shapeText(x.shape))
      }
      extents[axis] = size
      scales[axis] = Double(size) / Double(max(1, x.shape[axis]))
    }
    let policy = try call.word(
      "keep_aspect_ratio_policy", ["stretch", "not_larger", "not_smaller"], default: "stretch")
    if policy == "stretch" { return }
    let all = axes.map { scales[$0] }
    let scale = (policy == "not_larger" ? all.min() : all.max()) ?? 1
    for axis in axes {
      let extent = (scale * Double(x.shape[axis])).rounded(.toNearestOrAwayFromZero)
      guard extent < 0x1p40 else { throw OperatorError("smaller sizes", found: "\(extent)", kind: .budget) }
      scales[axis] = scale
      extents[axis] = Int(extent)
    }
  }

  /// Real numbers of an input; nil if it is not given or empty.
  private static func reals(_ call: OperatorCall, _ index: Int) throws(OperatorError) -> [Double]? {
    guard let tensor = call.optional(index), tensor.count > 0 else { return nil }
    guard tensor.count <= 1 << 10 else {
      throw call.wrong(index, "one number for each axis", found: "\(tensor.count)")
    }
    return try call.reals(index, count: tensor.count)
  }
}
