internal import ONNXGraph

/// y = softmax(cap(scale · q · kᵀ) + bias) · v, for each sample and head; k and v may follow a past (a cache)
///
/// q: floats, [B, H, S, D] or [B, S, H·D] (`q_num_heads`); k, v: [B, G, L, D] or packed (`kv_num_heads`); v may have
/// another type and size E; H is a multiple of G. mask: BOOL or numbers, broadcasts to [B, H, S, T], T = P + L; since
/// version 24, missing keys are excluded. past k, v: [B, G, P, …]. n (`nonpad_kv_seqlen`, since 24): INT64, [B], the
/// number of keys that are used → y: as q, with the size E; present k, v: [B, G, T, …]; `qk_matmul_output`: [B, H, S,
/// T], by its mode the scores (0), after cap (1), after bias (2), the weights (3).
///
/// scale: 1/√D. cap(s) = softcap · tanh(s / softcap), or s (0). Query i is at p = i + P, or i + n − S with n;
/// `is_causal` excludes keys after p; since 25 `left_window_size` and `right_window_size` exclude keys more than so many
/// before or after p (−1: none). A query without keys has y = 0. `softmax_precision`: the type to which the softmax
/// rounds. Source: ONNX `Attention`, versions 23, 24, 25.
enum Attention: Operator {
  static var since: Int { 23 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let q = try heads(call, 0, "q_num_heads")
    var k = try heads(call, 1, "kv_num_heads")
    var v = try heads(call, 2, "kv_num_heads")
    let (samples, isPacked) = (q.tensor.shape[0], q.tensor.rank == 3)
    guard k.tensor.rank == q.tensor.rank, k.tensor.type == q.tensor.type, k.tensor.shape[0] == samples,
      k.size == q.size, k.heads > 0, q.heads % k.heads == 0
    else {
      throw call.wrong(
        1, "\(q.tensor.type.name) keys for \(samples) samples and \(q.heads) heads of \(q.size) numbers",
        found: "\(k.tensor.type.name) \(shapeText(k.tensor.shape))")
    }
    guard v.tensor.rank == q.tensor.rank, v.tensor.shape[0] == samples, v.heads == k.heads,
      v.length == k.length,
      v.tensor.type.isFloat
    else {
      throw call.wrong(
        2, "floating-point values for \(samples) samples, \(k.heads) heads and \(k.length) positions",
        found: "\(v.tensor.type.name) \(shapeText(v.tensor.shape))")
    }
    let past = try joined(call, past: 4, &k, samples)
    guard try joined(call, past: 5, &v, samples) == past else {
      throw OperatorError("past keys and values of one length", found: "other lengths", subject: nil)
    }
    let used = try lengths(call, samples, past: past)
    let presentK = call.wants(1) ? try k.copy(call, samples: samples) : nil
    let presentV = call.wants(2) ? try v.copy(call, samples: samples) : nil
    let shape = [samples, q.heads, q.length, k.length]
    var attention = ScaledAttention(
      queries: q, keys: k, values: v, samples: samples,
      scale: try call.float("scale") ?? 1 / Double(q.size).squareRoot(),
      softcap: try call.float("softcap") ?? 0)
    if let mask = call.optional(3) {
      attention.biases = [try ScoreBias(call, 3, mask, for: shape, mayBeShort: call.opset >= 24)]
    }
    attention.visible = try visible(call, past: past ?? 0, used, queries: q.length, keys: k.length)
    attention.precision = try precision(call)
    if call.wants(3) {
      let mode = try call.int("qk_matmul_output_mode") ?? 0
      guard let stage = ScaledAttention.Stage(rawValue: mode) else {
        throw OperatorError(
          "a mode of 0 to 3", found: "\(mode)", subject: "attribute 'qk_matmul_output_mode'")
      }
      attention.traced = stage
    }
    let (y, scores) = try attention.run(call, isPacked: isPacked)
    // Outputs that are not wanted have any value.
    return [y, presentK ?? y, presentV ?? y, scores ?? y]
  }

  /// Queries, keys or values.
  private static func heads(
    _ call: OperatorCall, _ index: Int, _ attribute: String
  ) throws(OperatorError) -> HeadVectors {
    let x = try call.input(index)
    guard x.type.isFloat else { throw call.wrong(index, "floating-point elements", found: x.type.name) }
    switch x.rank {
    case 4: return HeadVectors(x)
    case 3: return HeadVectors(packed: x, heads: try call.heads(attribute, dividing: x.shape[2]))
    default: throw call.wrong(index, "3 or 4 dimensions", found: shapeText(x.shape))
    }
  }

  /// Puts the past in front of keys or values; returns its length, nil if there is none.
  private static func joined(
    _ call: OperatorCall, past index: Int, _ vectors: inout HeadVectors, _ samples: Int
  ) throws(OperatorError) -> Int? {
    guard let past = call.optional(index) else { return nil }
    guard past.rank == 4 else { throw call.wrong(index, "4 dimensions", found: shapeText(past.shape)) }
    vectors = HeadVectors(try Concat.joined(call, [past, try vectors.copy(call, samples: samples)], axis: 2))
    return past.shape[2]
  }

  /// The number of keys that each sample uses; nil for all.
  private static func lengths(
    _ call: OperatorCall, _ samples: Int, past: Int?
  ) throws(OperatorError) -> [Int]? {
    guard call.opset >= 24, let lengths = try call.integers(6) else { return nil }
    guard lengths.count == samples, past == nil else {
      throw call.wrong(6, "\(samples) lengths, without a past", found: "\(lengths.count), with \(past ?? 0)")
    }
    return lengths
  }

  /// The keys that a query can use by its position; nil for all.
  private static func visible(
    _ call: OperatorCall, past: Int, _ used: [Int]?, queries: Int, keys: Int
  ) throws(OperatorError) -> (@Sendable (Int, Int) -> Range<Int>)? {
    let isCausal = try call.flag("is_causal")
    let (left, right) = (try window(call, "left_window_size"), try window(call, "right_window_size"))
    let after = isCausal ? 0 : right
    if left == nil, after == nil, used == nil { return nil }
    return { sample, query in
      // Numbers far outside the keys are clamped, so that sums do not overflow.
      let length = used.map { min(max($0[sample], -Self.limit), Self.limit) }
      let position = query + (length.map { $0 - queries } ?? past)
      let end = min(keys, length ?? keys, after.map { position + $0 + 1 } ?? keys)
      let first = max(0, left.map { position - $0 } ?? 0)
      return first..<max(first, end)
    }
  }

  private static let limit = 1 << 40

  /// A window's size, far below overflow; nil for none.
  private static func window(_ call: OperatorCall, _ name: String) throws(OperatorError) -> Int? {
    guard call.opset >= 25, let size = try call.int(name), size != -1 else { return nil }
    guard size >= 0 else { throw call.wrongAttribute(name, "-1 or more") }
    return min(size, limit)
  }

  private static func precision(_ call: OperatorCall) throws(OperatorError) -> ElementType? {
    guard let code = try call.int("softmax_precision") else { return nil }
    guard let type = ElementType(rawValue: code), type.isFloat else {
      throw call.wrongAttribute("softmax_precision", "a floating-point type")
    }
    return type
  }
}
