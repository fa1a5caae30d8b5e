internal import Inference
internal import ONNXGraph

/// Reductions: a sum may consume cut channels; all other reductions keep them whole.
enum ReductionRule {
  static func sum(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try apply(call, isSum: true) }
  static func mixing(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try apply(call, isSum: false) }

  /// The logarithm of zero is not zero.
  static func logarithmic(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let outputs = try apply(call, isSum: false)
    call.keepsZeros = false
    return outputs
  }

  static func argument(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, isSum: false, axes: [call.int("axis") ?? 0])
  }

  private static func apply(_ call: FlowCall, isSum: Bool, axes given: [Int]? = nil) throws(FlowError)
    -> [FlowValue]
  {
    let x = try call.input(0)
    guard x.shape != nil, let axes = axes(call, given, rank: x.rank) else { return try call.unknownExtents() }
    // These reductions give zero if all inputs are zero.
    call.keepsZeros = true
    for axis in axes {
      if isSum { try call.end(0, axis) } else { try NormRule.mix(call, axis..<axis + 1) }
    }
    let isKept = call.int("keepdims") ?? 1 != 0
    return [try call.input(0).computed.reduced(axes, isKept: isKept)]
  }

  private static func axes(_ call: FlowCall, _ given: [Int]?, rank: Int) -> [Int]? {
    var list = given ?? call.ints("axes")
    if list == nil, call.optional(1) != nil {
      guard let known = call.integers(1) else { return nil }
      list = known
    }
    guard let list, !(list.isEmpty && call.int("noop_with_empty_axes") != 1) else { return Array(0..<rank) }
    var result: [Int] = []
    for axis in list {
      guard let place = call.axis(axis, rank: rank) else { return nil }
      // A dimension that is named twice is reduced once.
      if result.count <= rank, !result.contains(place) { result.append(place) }
    }
    return result
  }
}

extension FlowValue {
  /// The value with some dimensions reduced to one position, or removed.
  func reduced(_ axes: [Int], isKept: Bool) -> FlowValue {
    var value = self
    value.factors = factors.filter { factor in !factor.dimensions.contains(where: axes.contains) }
    guard let shape else { return value }
    if isKept {
      value.shape = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
      return value
    }
    return value.without(axes)
  }

  /// The value without some dimensions, which have no labels.
  func without(_ axes: [Int]) -> FlowValue {
    var value = self
    guard let shape else { return value }
    let left = shape.indices.filter { !axes.contains($0) }
    var places: [Int: Int] = [:]
    for (place, dimension) in left.enumerated() { places[dimension] = place }
    value.shape = left.map { shape[$0] }
    value.factors = factors.compactMap { factor in
      let dimensions = factor.dimensions.compactMap { places[$0] }
      return dimensions.isEmpty ? nil : LabelFactor(dimensions: dimensions, labels: factor.labels)
    }
    return value
  }
}
