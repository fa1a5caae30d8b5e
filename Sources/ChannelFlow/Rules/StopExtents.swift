internal import Inference
internal import ONNXGraph

/// The extents of the outputs of operators through which channels are not followed.
enum StopExtents {
  /// Every output has the shape of the first input.
  static let same: OutputExtents = { call in all(call, call.optional(0)?.shape) }

  static let ofIndices: OutputExtents = { call in all(call, call.optional(1)?.shape) }

  private static func all(_ call: FlowCall, _ shape: [Int]?) -> [[Int]?] {
    call.node.outputs.map { _ in shape }
  }

  static let gathered: OutputExtents = { call in
    guard let shape = call.optional(0)?.shape, let indices = call.optional(1)?.shape, let depth = indices.last
    else { return nil }
    let batch = call.int("batch_dims") ?? 0
    guard (0...64).contains(batch), (0...64).contains(depth) else { return nil }
    let taken = batch + depth
    return (0...shape.count).contains(taken) ? [indices.dropLast() + shape[taken...]] : nil
  }

  static let oneHot: OutputExtents = { call in
    guard let shape = call.optional(0)?.shape, let depth = call.optional(1)?.known?.reals?.first, depth >= 0,
      depth < 16_777_216, let axis = call.axis(call.int("axis") ?? -1, rank: shape.count + 1)
    else { return nil }
    return [shape[..<axis] + [Int(depth)] + shape[axis...]]
  }

  static let topK: OutputExtents = { call in
    guard let shape = call.optional(0)?.shape,
      let count = call.opset < 10 ? call.int("k") : call.integers(1)?.first,
      let axis = call.axis(call.int("axis") ?? -1, rank: shape.count)
    else { return nil }
    var result = shape
    result[axis] = count
    return all(call, result)
  }

  static let blocks: OutputExtents = { call in
    guard let shape = call.optional(0)?.shape, shape.count == 4, let size = call.int("blocksize"),
      (1...1 << 12).contains(size), shape.allSatisfy({ (0...1 << 31).contains($0) })
    else { return nil }
    let (area, isDeep) = (size * size, call.node.operation == "DepthToSpace")
    return isDeep
      ? [[shape[0], shape[1] / area, shape[2] * size, shape[3] * size]]
      : [[shape[0], shape[1] * area, shape[2] / size, shape[3] / size]]
  }

  static let unpooled: OutputExtents = { call in
    guard let shape = call.optional(0)?.shape, let kernel = call.ints("kernel_shape") else { return nil }
    if call.optional(2) != nil { return [call.integers(2)] }
    return [Extents.transposed(call, shape, kernel).map { Array(shape[..<2]) + $0 }]
  }

  static let affine: OutputExtents = { call in
    guard let size = call.integers(1), size.count == 4 || size.count == 5 else { return nil }
    return [[size[0]] + size[2...] + [size.count - 2]]
  }

  static let determinants: OutputExtents = { call in [call.optional(0)?.shape?.dropLast(2)] }

  static let losses: OutputExtents = { call in
    guard let labels = call.optional(1)?.shape else { return nil }
    let loss = call.string("reduction") == "none" ? labels : []
    return [loss, call.optional(0)?.shape]
  }

  /// o: [B, T, heads · V], state: [B, heads of keys, K, V]. ONNX Runtime allows more heads of keys than of queries.
  static let linearAttention: OutputExtents = { call in
    guard let q = call.optional(0)?.shape, let k = call.optional(1)?.shape, let v = call.optional(2)?.shape,
      [q, k, v].allSatisfy({ $0.count == 3 }), let heads = call.int("q_num_heads"), heads > 0,
      let groups = call.int("kv_num_heads"), groups > 0, heads < 1 << 24, groups < 1 << 24
    else { return nil }
    let (size, width) = (k[2] / groups, v[2] / groups)
    return [[q[0], q[1], max(heads, groups) * width], [q[0], groups, size, width]]
  }

  static let distances: OutputExtents = { call in
    guard let a = call.optional(0)?.shape?.first, let b = call.optional(1)?.shape?.first else { return nil }
    return [[a, b]]
  }

  /// y, and the sum before the norm: [B, S, n]; the lengths: [B].
  static let embedded: OutputExtents = { call in
    guard let ids = call.optional(0)?.shape, ids.count == 2, let table = call.optional(2)?.shape,
      table.count == 2
    else { return nil }
    let y = ids + [table[1]]
    return [y, [ids[0]], y]
  }

  /// The product of a `MatMulNBits`: [.., N].
  static let packed: OutputExtents = { call in
    guard call.node.operation == "MatMulNBits", let shape = call.optional(0)?.shape, !shape.isEmpty,
      let columns = call.int("N")
    else { return nil }
    return [shape.dropLast() + [columns]]
  }
}
