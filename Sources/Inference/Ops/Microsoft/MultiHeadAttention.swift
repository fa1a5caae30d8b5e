internal import ONNXGraph

/// y = softmax(scale · q · kᵀ + bias) · v, for each sample and head
///
/// q: floats, [B, S, H·D]; k: [B, L, H·D], v: [B, L, H·E]; or k, v: [B, H, L, ·], without a bias; or k and v in input 1:
/// [B, L, H, 2, D]; or all in input 0: [B, L, H, 3, D]. H: `num_heads`. b: [2·H·D + H·E] is added to them (0). mask:
/// INT32, [B], [2B], [3B + 2], [B, T], [B, S, T]; `mask_filter_value` (−10000) is added to masked scores. attention bias:
/// [B or 1, H or 1, S, T]. past k, v: [B, H, P, ·]; with input 8 they are buffers, of which P are used. T = P + L → y:
/// [B, S, H·E]; present k, v: [B, H, T, ·], or as the buffers; scores after bias: [B, H, S, T].
///
/// scale: 1/√D (0). `unidirectional`: query i uses keys to P + i. `cache_indirection` is unsupported: it is for the beam
/// search inside ONNX Runtime. Source: ONNX Runtime `MultiHeadAttention`, version 1.
enum MultiHeadAttention: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if call.optional(9) != nil { throw .unsupported("no cache_indirection", found: "input 9") }
    var (q, k, v) = try vectors(call)
    let (type, samples) = (q.tensor.type, q.tensor.shape[0])
    guard k.heads == q.heads, v.heads == q.heads, k.size == q.size, v.length == k.length,
      k.tensor.shape[0] == samples, v.tensor.shape[0] == samples
    else {
      throw OperatorError(
        "keys and values for \(samples) samples and \(q.heads) heads of \(q.size) numbers",
        found: "\(shapeText(k.tensor.shape)) and \(shapeText(v.tensor.shape))")
    }
    if call.optional(3) != nil {
      let bias = try call.input(3, type: type)
      let (own, other) = (q.heads * q.size, v.heads * v.size)
      guard bias.shape == [2 * own + other] else {
        throw call.wrong(3, shapeText([2 * own + other]), found: shapeText(bias.shape))
      }
      q = try q.biased(call, samples: samples, bias, from: 0)
      // Keys and values of another model's past have their bias already.
      if !isCross(call) {
        k = try k.biased(call, samples: samples, bias, from: own)
        v = try v.biased(call, samples: samples, bias, from: 2 * own)
      }
    }
    let (past, presentK) = try joined(call, past: 6, output: 1, &k, samples)
    let (_, presentV) = try joined(call, past: 7, output: 2, &v, samples)
    guard v.length == k.length else {
      throw call.wrong(7, "\(past) positions, as the keys have", found: "\(v.length - k.length + past)")
    }

    let shape = [samples, q.heads, q.length, k.length]
    let scale = try call.float("scale") ?? 0
    var attention = ScaledAttention(
      queries: q, keys: k, values: v, samples: samples,
      scale: scale == 0 ? 1 / Double(q.size).squareRoot() : scale)
    if let padding = try ScoreBias.padding(
      call, 4, for: shape, past: past, filter: try call.float("mask_filter_value") ?? -10000)
    {
      attention.biases.append(padding)
    }
    if let bias = call.optional(5) { attention.biases.append(try ScoreBias(call, 5, bias, for: shape)) }
    if try call.flag("unidirectional") { attention.visible = { 0..<(past + $1 + 1) } }
    if call.wants(3) { attention.traced = .biased }
    let (y, scores) = try attention.run(call, isPacked: true)
    let shown = scores?.type == .float ? scores?.replacingExcluded(by: -.greatestFiniteMagnitude) : scores
    return [y, presentK ?? y, presentV ?? y, shown ?? y]
  }

  /// Whether input 1 holds keys by heads.
  private static func isCross(_ call: OperatorCall) -> Bool { call.optional(1)?.rank == 4 }

  private static func vectors(
    _ call: OperatorCall
  ) throws(OperatorError) -> (HeadVectors, HeadVectors, HeadVectors) {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    if x.rank == 5 {
      return (try packed(call, 0, 0, of: 3), try packed(call, 0, 1, of: 3), try packed(call, 0, 2, of: 3))
    }
    let q = try flat(call, 0)
    if try call.input(1).rank == 5 {
      return (q, try packed(call, 1, 0, of: 2), try packed(call, 1, 1, of: 2))
    }
    guard isCross(call) else { return (q, try flat(call, 1), try flat(call, 2)) }
    let k = try call.input(1, type: x.type)
    let v = try call.input(2, type: x.type)
    guard v.rank == 4 else { throw call.wrong(2, "4 dimensions", found: shapeText(v.shape)) }
    return (q, HeadVectors(k), HeadVectors(v))
  }

  private static func flat(_ call: OperatorCall, _ index: Int) throws(OperatorError) -> HeadVectors {
    let x = try call.input(index, rank: 3)
    guard x.type == (try call.input(0)).type else {
      throw call.wrong(index, "the type of the first input", found: x.type.name)
    }
    return HeadVectors(packed: x, heads: try call.heads("num_heads", dividing: x.shape[2]))
  }

  /// Number `part` of `parts` vectors of each head: [B, L, H, parts, D].
  private static func packed(
    _ call: OperatorCall, _ index: Int, _ part: Int, of parts: Int
  ) throws(OperatorError) -> HeadVectors {
    let x = try call.input(index, rank: 5)
    guard x.type == (try call.input(0)).type, x.shape[3] == parts, try call.int("num_heads") == x.shape[2]
    else {
      throw call.wrong(index, "[B, L, num_heads, \(parts), D]", found: shapeText(x.shape))
    }
    let strides = Layout.strides(x.shape)
    return HeadVectors(
      x, offset: part * x.shape[4], heads: x.shape[2], length: x.shape[1], size: x.shape[4],
      strides: (strides[0], strides[2], strides[1]))
  }

  /// Puts the past in front of keys or values; returns its length, and the present if it is wanted or needed.
  private static func joined(
    _ call: OperatorCall, past index: Int, output: Int, _ vectors: inout HeadVectors, _ samples: Int
  ) throws(OperatorError) -> (past: Int, present: Tensor?) {
    let type = vectors.tensor.type
    guard let cache = call.optional(index) else {
      return (0, call.wants(output) ? try vectors.copy(call, samples: samples) : nil)
    }
    guard cache.rank == 4, cache.type == type, cache.shape[0] == samples, cache.shape[1] == vectors.heads,
      cache.shape[3] == vectors.size
    else {
      throw call.wrong(
        index, "\(type.name) [\(samples), \(vectors.heads), P, \(vectors.size)]",
        found: "\(cache.type.name) \(shapeText(cache.shape))")
    }
    let isBuffer = call.optional(8) != nil
    let past = try KeyCache.used(
      call, capacity: cache.shape[2], new: vectors.length, in: 8, isBuffer: isBuffer)
    let room = isBuffer ? cache.shape[2] : past + vectors.length
    let present = try call.zeros(type, [samples, vectors.heads, room, vectors.size])
    var target = HeadVectors(present)
    target.length = past + vectors.length
    try KeyCache.join(HeadVectors(cache), past: past, vectors, to: target, samples: samples)
    vectors = target
    return (past, present)
  }
}
