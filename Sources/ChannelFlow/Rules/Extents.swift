internal import Inference
internal import ONNXGraph

/// Extents after windows along the spatial dimensions; nil if attributes are malformed.
enum Extents {
  static func windows(_ call: FlowCall, _ shape: [Int], _ kernel: [Int], isCeiling: Bool = false) -> [Int]? {
    let rank = kernel.count
    guard shape.count == rank + 2 else { return nil }
    let strides = call.ints("strides") ?? [Int](repeating: 1, count: rank)
    let dilations = call.ints("dilations") ?? [Int](repeating: 1, count: rank)
    let pads = call.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
    guard strides.count == rank, dilations.count == rank, pads.count == 2 * rank,
      isSmall(strides, dilations, pads, kernel)
    else { return nil }
    let auto = call.string("auto_pad") ?? "NOTSET"
    return (0..<rank).map { place in
      let stride = max(1, strides[place])
      if auto.hasPrefix("SAME") { return (shape[place + 2] + stride - 1) / stride }
      return WindowCount.count(
        shape[place + 2], padding: auto == "VALID" ? (0, 0) : (pads[place], pads[place + rank]),
        reach: (kernel[place] - 1) * dilations[place] + 1, stride: stride, isCeiling: isCeiling)
    }
  }

  static func transposed(_ call: FlowCall, _ shape: [Int], _ kernel: [Int]) -> [Int]? {
    let rank = kernel.count
    guard shape.count == rank + 2 else { return nil }
    if let stated = call.ints("output_shape") { return Array(stated.suffix(rank)) }
    let strides = call.ints("strides") ?? [Int](repeating: 1, count: rank)
    let dilations = call.ints("dilations") ?? [Int](repeating: 1, count: rank)
    let extra = call.ints("output_padding") ?? [Int](repeating: 0, count: rank)
    let pads = call.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
    guard strides.count == rank, dilations.count == rank, extra.count == rank, pads.count == 2 * rank,
      isSmall(strides, dilations, pads, kernel), isSmall(extra, [], [], [])
    else { return nil }
    let auto = call.string("auto_pad") ?? "NOTSET"
    return (0..<rank).map { place in
      if auto.hasPrefix("SAME") { return shape[place + 2] * strides[place] }
      let padding = auto == "VALID" ? 0 : pads[place] + pads[place + rank]
      return strides[place] * (shape[place + 2] - 1) + extra[place] + (kernel[place] - 1) * dilations[place]
        + 1 - padding
    }
  }

  /// Whether all numbers are so small that their sums and products do not overflow.
  private static func isSmall(_ lists: [Int]...) -> Bool {
    lists.allSatisfy { $0.allSatisfy { $0.magnitude <= 1 << 24 } }
  }
}
