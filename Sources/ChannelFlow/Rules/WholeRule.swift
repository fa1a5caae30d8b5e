internal import Inference
internal import ONNXGraph

/// Operators through which channels are not followed. Their output extents are known, so later layers can still be cut.
enum WholeRule {
  static let operations: Set<String> = [
    "CumSum", "DepthToSpace", "GatherElements", "GatherND", "OneHot", "ScatterElements", "ScatterND",
    "SpaceToDepth", "TopK",
  ]

  static func apply(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let unknown = try call.stopAll(
      "\(call.node.shown) is an operator that the planner follows no channels through")
    guard let extents = extents(call) else { return unknown }
    return call.node.outputs.map { _ in FlowValue(extents) }
  }

  /// The extents of all outputs.
  private static func extents(_ call: FlowCall) -> [Int]? {
    guard let shape = call.optional(0)?.shape else { return nil }
    let indices = call.optional(1)?.shape
    switch call.node.operation {
    case "GatherElements": return indices
    case "GatherND": return gathered(call, shape, indices)
    case "OneHot": return oneHot(call, shape)
    case "TopK": return topK(call, shape)
    case "DepthToSpace", "SpaceToDepth": return blocks(call, shape)
    default: return shape
    }
  }

  private static func gathered(_ call: FlowCall, _ shape: [Int], _ indices: [Int]?) -> [Int]? {
    guard let indices, let depth = indices.last else { return nil }
    let batch = call.int("batch_dims") ?? 0
    guard (0...64).contains(batch), (0...64).contains(depth) else { return nil }
    let taken = batch + depth
    return (0...shape.count).contains(taken) ? indices.dropLast() + shape[taken...] : nil
  }

  private static func oneHot(_ call: FlowCall, _ shape: [Int]) -> [Int]? {
    guard let depth = call.optional(1)?.known?.reals?.first, depth >= 0, depth < 16_777_216,
      let axis = call.axis(call.int("axis") ?? -1, rank: shape.count + 1)
    else { return nil }
    return shape[..<axis] + [Int(depth)] + shape[axis...]
  }

  private static func topK(_ call: FlowCall, _ shape: [Int]) -> [Int]? {
    guard let count = call.opset < 10 ? call.int("k") : call.integers(1)?.first,
      let axis = call.axis(call.int("axis") ?? -1, rank: shape.count)
    else { return nil }
    var result = shape
    result[axis] = count
    return result
  }

  private static func blocks(_ call: FlowCall, _ shape: [Int]) -> [Int]? {
    guard shape.count == 4, let size = call.int("blocksize"), (1...1 << 12).contains(size) else { return nil }
    let (area, isDeep) = (size * size, call.node.operation == "DepthToSpace")
    guard shape.allSatisfy({ (0...1 << 31).contains($0) }) else { return nil }
    return isDeep
      ? [shape[0], shape[1] / area, shape[2] * size, shape[3] * size]
      : [shape[0], shape[1] * area, shape[2] / size, shape[3] / size]
  }
}
