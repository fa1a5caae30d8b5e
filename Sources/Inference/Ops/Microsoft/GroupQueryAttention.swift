internal import ONNXGraph

/// y = softmax(cap(scale · q · kᵀ) + bias) · v, for each sample and head; keys and values follow a cache
///
/// q: floats, [B, S, H·D] (`num_heads`); k, v: [B, S, G·D] (`kv_num_heads`); or all in input 0: [B, S, (H + 2G)·D]. cache
/// of k, v: [B, G, C, D]. Input 5: INT32, [B], one less than the number T of keys of each sample with the new ones; input
/// 6: INT32, the greatest T, M. bias: [B or 1, H or 1, S, M]; `head_sink`: [H] → y: [B, S, H·D]; the caches with the new
/// keys and values: [B, G, max(C, M), D], zeros after T; with `qk_output` the scores after bias (1) or the weights (2):
/// [B, H, S, M], 0 where a key is not used.
///
/// N = min(S, T) of the S new positions are used, or the number in input 16; P = T − N keys come before. Query i is at p =
/// P + i; with `causal` (1) it uses keys to p, with `local_window_size` w ≥ 0 only the last w of them. `do_rotary` turns q
/// and k as `RotaryEmbedding`, with the tables 7 and 8 at p, or at the positions in input 9: INT64, [B, S]; if S = M, only
/// the first of these counts, and others follow from it. cap(s) =
/// softcap · tanh(s / softcap), or s (0); scale: 1/√D (0); each head's sink (0 with `smooth_softmax`) is one more score,
/// without a value. Quantised and window-sized caches, and norms of q and k, are unsupported: ONNX Runtime made them for
/// GPUs. Source: ONNX Runtime `GroupQueryAttention`, version 1.
enum GroupQueryAttention: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try refuseOptions(call)
    let (queries, newKeys, newValues) = try vectors(call)
    let (samples, length, type) = (queries.tensor.shape[0], queries.length, queries.tensor.type)
    let caches = [try cache(call, 3, newKeys, samples), try cache(call, 4, newValues, samples)]
    let capacity = caches[0]?.length ?? 0
    guard (caches[1]?.length ?? 0) == capacity else {
      throw call.wrong(4, "\(capacity) positions, as the keys have", found: "\(caches[1]?.length ?? 0)")
    }
    let spans = try CacheSpans(call, samples: samples, new: length, capacity: capacity)
    let (q, k) = try turned(call, queries, newKeys, spans, samples)

    var all: [HeadVectors] = []
    for (old, new) in zip(caches, [k, newValues]) {
      let present = try call.zeros(type, [samples, new.heads, max(capacity, spans.greatest), new.size])
      var target = HeadVectors(present)
      target.length = spans.greatest
      for sample in 0..<samples {
        try old?.write(spans.past[sample], to: target, samples: sample..<(sample + 1))
        try new.write(
          spans.new[sample], to: target, at: spans.past[sample], samples: sample..<(sample + 1))
      }
      all.append(target)
    }
    let scale = try call.float("scale") ?? 0
    var attention = ScaledAttention(
      queries: q, keys: all[0], values: all[1], samples: samples,
      scale: scale == 0 ? 1 / Double(q.size).squareRoot() : scale, softcap: try call.float("softcap") ?? 0)
    if let bias = call.optional(10) {
      attention.biases = [
        try ScoreBias(call, 10, bias, for: [samples, q.heads, length, spans.greatest])
      ]
    }
    attention.visible = spans.visible(
      isCausal: try call.flag("causal", default: true), window: try call.int("local_window_size") ?? -1)
    if call.optional(11) != nil {
      attention.sinks = try call.reals(11, count: q.heads)
    } else if try call.int("smooth_softmax") ?? 0 > 0 {
      attention.sinks = [Double](repeating: 0, count: q.heads)
    }
    let shown = try call.int("qk_output") ?? 0
    attention.traced = !call.wants(3) ? nil : shown == 2 ? .weights : .biased
    let (y, scores) = try attention.run(call, isPacked: true)
    // Scores that are left out are shown as zeros.
    let trace = try scores.map { scores throws(OperatorError) in
      try Casting.cast(
        call, try Casting.cast(call, scores, to: .float).replacingExcluded(by: 0), to: type)
    }
    return [y, all[0].tensor, all[1].tensor, trace ?? y]
  }

  private static func refuseOptions(_ call: OperatorCall) throws(OperatorError) {
    for index in [12, 13] where call.optional(index) != nil {
      throw .unsupported("caches without scales", found: "input \(index)")
    }
    for index in [14, 15] where call.optional(index) != nil {
      throw .unsupported("no norms of queries and keys", found: "input \(index)")
    }
    if try call.flag("sliding_window_cache") {
      throw .unsupported("caches of all keys (sliding_window_cache 0)", found: "1")
    }
  }

  private static func vectors(
    _ call: OperatorCall
  ) throws(OperatorError) -> (HeadVectors, HeadVectors, HeadVectors) {
    let x = try call.input(0, rank: 3)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    if call.optional(1) != nil {
      let q = HeadVectors(packed: x, heads: try call.heads("num_heads", dividing: x.shape[2]))
      var others: [HeadVectors] = []
      for index in [1, 2] {
        let other = try call.input(index, type: x.type)
        guard other.rank == 3, other.shape[..<2] == x.shape[..<2] else {
          throw call.wrong(index, "the positions of \(shapeText(x.shape))", found: shapeText(other.shape))
        }
        others.append(
          HeadVectors(packed: other, heads: try call.heads("kv_num_heads", dividing: other.shape[2])))
      }
      guard others.allSatisfy({ $0.size == q.size }), q.heads % others[0].heads == 0 else {
        throw call.wrong(
          1, "heads of \(q.size) numbers, a divisor of \(q.heads) heads",
          found: shapeText(others[0].tensor.shape))
      }
      return (q, others[0], others[1])
    }
    let width = x.shape[2]
    let heads = try call.int("num_heads") ?? 0
    let groups = try call.int("kv_num_heads") ?? 0
    guard 1...max(1, width) ~= heads, 1...heads ~= groups, heads % groups == 0,
      width % (heads + 2 * groups) == 0
    else {
      throw call.wrong(0, "vectors for \(heads) and twice \(groups) heads", found: shapeText(x.shape))
    }
    let size = width / (heads + 2 * groups)
    func part(_ first: Int, _ heads: Int) -> HeadVectors {
      HeadVectors(
        x, offset: first * size, heads: heads, length: x.shape[1], size: size,
        strides: (x.shape[1] * width, size, width))
    }
    return (part(0, heads), part(heads, groups), part(heads + groups, groups))
  }

  private static func cache(
    _ call: OperatorCall, _ index: Int, _ new: HeadVectors, _ samples: Int
  ) throws(OperatorError) -> HeadVectors? {
    guard let cache = call.optional(index) else { return nil }
    guard cache.type == new.tensor.type else {
      throw .unsupported("a cache of \(new.tensor.type.name)", found: cache.type.name)
    }
    guard cache.rank == 4, cache.shape[0] == samples, cache.shape[1] == new.heads, cache.shape[3] == new.size
    else {
      throw call.wrong(
        index, "[\(samples), \(new.heads), C, \(new.size)]", found: shapeText(cache.shape))
    }
    return HeadVectors(cache)
  }

  /// Queries and keys after the rotation.
  private static func turned(
    _ call: OperatorCall, _ q: HeadVectors, _ k: HeadVectors, _ spans: CacheSpans, _ samples: Int
  ) throws(OperatorError) -> (HeadVectors, HeadVectors) {
    guard try call.flag("do_rotary") else { return (q, k) }
    let (cosines, sines) = (try call.input(7, type: q.tensor.type), try call.input(8, type: q.tensor.type))
    guard cosines.rank == 2, 2 * cosines.shape[1] <= q.size, cosines.shape[0] >= 1 else {
      throw call.wrong(7, "[positions, at most \(q.size / 2)]", found: shapeText(cosines.shape))
    }
    let (rows, length) = (cosines.shape[0], q.length)
    var row: (Int, Int) -> Int
    if call.optional(9) != nil {
      let places = try Indices(call, 9, extent: rows)
      guard places.shape == [samples, length] else {
        throw call.wrong(9, shapeText([samples, length]), found: shapeText(places.shape))
      }
      row = { places[$0 * length + $1] }
      if spans.isFirst, places.count > 0 {
        let first = places[0]
        guard first <= rows - length else {
          throw call.wrong(9, "a first position of at most \(rows - length)", found: "\(first)")
        }
        row = { first + $1 }
      }
    } else {
      for sample in 0..<samples where spans.past[sample] + spans.new[sample] > rows {
        throw call.wrong(7, "\(spans.past[sample] + spans.new[sample]) rows or more", found: "\(rows)")
      }
      // Positions that are not used may be beyond the tables.
      row = { min(spans.past[$0] + $1, rows - 1) }
    }
    let rotation = Rotation(
      cosines: cosines, sines: sines, turned: 2 * cosines.shape[1],
      isInterleaved: try call.flag("rotary_interleaved"), row: row)
    var results: [HeadVectors] = []
    for vectors in [q, k] {
      let y = HeadVectors(
        packed: try call.make(q.tensor.type, [samples, length, vectors.heads * vectors.size]),
        heads: vectors.heads)
      try rotation.apply(call, vectors, to: y, samples: samples)
      results.append(y)
    }
    return (results[0], results[1])
  }
}
