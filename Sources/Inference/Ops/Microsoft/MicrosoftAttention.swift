internal import ONNXGraph

/// y = softmax(scale · q · kᵀ + bias) · v, with [q, k, v] = x · W + b, for each sample and head
///
/// x: floats, [B, S, I]; W: [I, 2·H·D + H·E]; b: its columns (0). H: `num_heads`; `qkv_hidden_sizes`: [H·D, H·D, H·E],
/// otherwise E = D. mask: INT32, [B], [2B], [3B + 2], [B, T], [B, S, T] or [B, 1, M, M]; `mask_filter_value` (−10000) is
/// added to masked scores. past: [2, B, H, P, D]; T = P + S. attention bias: [B or 1, H or 1, S, T] → y: [B, S, H·E];
/// present: [2, B, H, T, D].
///
/// scale: 1/√D (0). `unidirectional`: query i uses keys to P + i. `past_present_share_buffer`: past and present have room
/// for more than P keys, and P is input 6. `do_rotary` is unsupported, as in ONNX Runtime on CPUs. Source: ONNX Runtime
/// `Attention`, version 1.
enum MicrosoftAttention: MicrosoftOperator {
  static var name: String { "Attention" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if try call.flag("do_rotary") {
      throw .unsupported("do_rotary 0; ONNX Runtime on CPUs refuses others, too", found: "1")
    }
    let x = try call.input(0, rank: 3)
    let (samples, length) = (x.shape[0], x.shape[1])
    let w = try call.input(1, type: x.type)
    guard w.rank == 2, w.shape[0] == x.shape[2] else {
      throw call.wrong(1, "\(x.shape[2]) rows", found: shapeText(w.shape))
    }
    let (heads, size, width) = try sizes(call, columns: w.shape[1])
    // The product of all samples at one time.
    let rows = MatrixStack(try x.reshaped([samples * length, x.shape[2]]))
    var all = try rows.multiplied(call, by: MatrixStack(w))
    if call.optional(2) != nil { all = try call.biased(all, by: 2) }
    func part(_ offset: Int, _ size: Int) -> HeadVectors {
      HeadVectors(
        all, offset: offset, heads: heads, length: length, size: size,
        strides: (length * w.shape[1], size, w.shape[1]))
    }
    let q = part(0, size)
    var (k, v) = (part(heads * size, size), part(2 * heads * size, width))
    let (past, present) = try joined(call, &k, &v, samples)

    let shape = [samples, heads, length, k.length]
    let scale = try call.float("scale") ?? 0
    var attention = ScaledAttention(
      queries: q, keys: k, values: v, samples: samples,
      scale: scale == 0 ? 1 / Double(size).squareRoot() : scale)
    if let padding = try ScoreBias.padding(
      call, 3, for: shape, past: past, filter: try call.float("mask_filter_value") ?? -10000)
    {
      attention.biases.append(padding)
    }
    if let bias = call.optional(5) { attention.biases.append(try ScoreBias(call, 5, bias, for: shape)) }
    if try call.flag("unidirectional") { attention.visible = { 0..<(past + $1 + 1) } }
    let (y, _) = try attention.run(call, isPacked: true)
    return [y, present ?? y]
  }

  /// The number of heads, and the sizes of keys and values.
  private static func sizes(
    _ call: OperatorCall, columns: Int
  ) throws(OperatorError) -> (heads: Int, size: Int, width: Int) {
    let given = try call.ints("qkv_hidden_sizes") ?? []
    let all = given.isEmpty ? [Int](repeating: columns / 3, count: 3) : given
    guard all.count == 3, all.allSatisfy({ 0...columns ~= $0 }), all[0] == all[1],
      all[0] + all[1] + all[2] == columns
    else {
      throw call.wrong(1, "columns for queries, keys and values", found: "\(columns) for \(shapeText(all))")
    }
    let heads = try call.heads("num_heads", dividing: all[0])
    return (heads, all[0] / heads, all[2] / (try call.heads("num_heads", dividing: all[2])))
  }

  /// Puts the past in front of keys and values; returns its length, and the present if it is wanted or needed.
  private static func joined(
    _ call: OperatorCall, _ k: inout HeadVectors, _ v: inout HeadVectors, _ samples: Int
  ) throws(OperatorError) -> (past: Int, present: Tensor?) {
    let cache = call.optional(4)
    if cache == nil, !call.wants(1) { return (0, nil) }
    guard k.size == v.size else {
      throw call.wrong(4, "none if keys and values have other sizes", found: "\(k.size) and \(v.size)")
    }
    if let cache,
      cache.rank != 5 || cache.type != k.tensor.type || cache.shape[0] != 2
        || cache.shape[1] != samples || cache.shape[2] != k.heads || cache.shape[4] != k.size
    {
      throw call.wrong(
        4, "\(k.tensor.type.name) [2, \(samples), \(k.heads), P, \(k.size)]",
        found: "\(cache.type.name) \(shapeText(cache.shape))")
    }
    let capacity = cache?.shape[3] ?? 0
    let isBuffer = cache == nil ? false : try call.flag("past_present_share_buffer")
    let past = try KeyCache.used(call, capacity: capacity, new: k.length, in: 6, isBuffer: isBuffer)
    let room = isBuffer ? capacity : past + k.length
    let present = try call.zeros(k.tensor.type, [2, samples, k.heads, room, k.size])
    // Keys and values are halves of one tensor.
    func half(_ x: Tensor, _ number: Int) throws(OperatorError) -> HeadVectors {
      var half = HeadVectors(try x.reshaped([2 * samples, k.heads, x.shape[3], k.size]))
      half.offset = number * x.count / 2
      return half
    }
    var halves: [HeadVectors] = []
    for (number, new) in [k, v].enumerated() {
      var target = try half(present, number)
      target.length = past + new.length
      var old: HeadVectors?
      if let cache { old = try half(cache, number) }
      try KeyCache.join(old, past: past, new, to: target, samples: samples)
      halves.append(target)
    }
    (k, v) = (halves[0], halves[1])
    return (past, present)
  }
}
