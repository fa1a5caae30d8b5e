internal import ONNXGraph

/// o_t = scale · Sᵀ·q_t, for a state S [K, V] of each sample and head that changes with every position t
///
/// `update_rule` "linear": S ← S + k·vᵀ; "gated": S ← eᵍ·S + k·vᵀ; "delta": S ← S + β·k·(v − Sᵀk)ᵀ; "gated_delta": S ←
/// eᵍ·S, then as "delta". q: floats, [B, T, H·K] (`q_num_heads`); k: [B, T, G·K], v: [B, T, G·V] (`kv_num_heads`; H is a
/// multiple of G); past S: [B, G, K, V] (0); g: [B, T, G·K] or [B, T, G]; β: [B, T, G] or [B, T, 1] → o: [B, T, H·V];
/// S: [B, G, K, V], with the type of the past, or of q. scale: 1/√K (0). `chunk_size` does not change the result. The
/// state is binary32, as in ONNX. Source: ONNX `LinearAttention`, version 27.
enum LinearAttention: Operator {
  static var since: Int { 27 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try results(call, mayHaveMoreKeys: false)
  }

  /// If there may be more heads of keys than of queries, G is then a multiple of H, and o has G heads.
  static func results(_ call: OperatorCall, mayHaveMoreKeys: Bool) throws(OperatorError) -> [Tensor] {
    let rule = try call.word(
      "update_rule", ["linear", "gated", "delta", "gated_delta"], default: "gated_delta")
    let q = try packed(call, 0, "q_num_heads")
    let k = try packed(call, 1, "kv_num_heads")
    let v = try packed(call, 2, "kv_num_heads")
    let (samples, steps) = (q.tensor.shape[0], q.length)
    guard k.tensor.shape[0] == samples, k.length == steps, k.size == q.size,
      q.heads % k.heads == 0 || (mayHaveMoreKeys && k.heads % q.heads == 0)
    else {
      throw call.wrong(
        1, "keys for \(samples) samples, \(steps) steps and \(q.heads) heads of \(q.size) numbers",
        found: shapeText(k.tensor.shape))
    }
    guard v.tensor.shape[0] == samples, v.length == steps else {
      throw call.wrong(
        2, "values for \(samples) samples and \(steps) steps", found: shapeText(v.tensor.shape))
    }
    let type = try call.input(0).type
    let shape = [samples, k.heads, q.size, v.size]
    let state = try call.make(.float, shape)
    let past = try call.optional(3, shape, zerosOf: type)
    guard past.type.isFloat else { throw call.wrong(3, "floating-point elements", found: past.type.name) }
    let start = try Casting.cast(call, past, to: .float)
    StridedCopy.run(state.count, from: start, at: 0, to: state, at: 0)
    let decay = try gate(
      call, 4, isUsed: rule.hasPrefix("gated"), samples, steps, [k.heads, k.heads * q.size])
    let rate = try gate(call, 5, isUsed: rule.hasSuffix("delta"), samples, steps, [k.heads, 1])

    let heads = max(q.heads, k.heads)
    let result = try call.make(.float, [samples, steps, heads * v.size])
    let given = try call.float("scale") ?? 0
    let recurrence = LinearRecurrence(
      q: q, k: k, v: v, y: HeadVectors(packed: result, heads: heads), state: state, decay: decay,
      rate: rate,
      scale: given == 0 ? 1 / Double(q.size).squareRoot() : given)
    try recurrence.run(call, samples: samples)
    return [try Casting.cast(call, result, to: type), try Casting.cast(call, state, to: past.type)]
  }

  /// An input with heads, in binary32.
  private static func packed(
    _ call: OperatorCall, _ index: Int, _ attribute: String
  ) throws(OperatorError) -> HeadVectors {
    let x = try call.input(index, rank: 3)
    guard x.type.isFloat else { throw call.wrong(index, "floating-point elements", found: x.type.name) }
    return HeadVectors(
      packed: try Casting.cast(call, x, to: .float), heads: try call.heads(attribute, dividing: x.shape[2]))
  }

  /// The decay or the rate, [B, T, one of `widths`] in binary32; it is given exactly if the rule uses it.
  private static func gate(
    _ call: OperatorCall, _ index: Int, isUsed: Bool, _ samples: Int, _ steps: Int, _ widths: [Int]
  ) throws(OperatorError) -> Tensor? {
    guard isUsed == (call.optional(index) != nil) else {
      throw OperatorError(
        isUsed ? "an input \(index) for this update rule" : "no input \(index) for this update rule",
        found: isUsed ? "none" : "one")
    }
    guard isUsed else { return nil }
    let x = try call.input(index, rank: 3)
    guard x.type.isFloat, x.shape[0] == samples, x.shape[1] == steps, widths.contains(x.shape[2]) else {
      throw call.wrong(
        index, "floats [\(samples), \(steps), \(widths.map(String.init).joined(separator: " or "))]",
        found: "\(x.type.name) \(shapeText(x.shape))")
    }
    return try Casting.cast(call, x, to: .float)
  }
}
