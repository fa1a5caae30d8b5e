internal import ONNXGraph

/// y = a cache with the update written along `axis` (−2) from index w[b] on, for each sample b
///
/// cache: any type, [B, .., M, ..]; update: [B, .., S, ..] with S ≤ M; w: INT64, [B] (0) → y: as the cache. `mode`
/// "linear": w[b] + S ≤ M; "circular": indices modulo M. Source: ONNX `TensorScatter`, version 24.
enum TensorScatter: Operator {
  static var since: Int { 24 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let cache = try call.input(0)
    let update = try call.input(1, type: cache.type)
    let isCircular = try call.word("mode", ["linear", "circular"], default: "linear") == "circular"
    let axis = try call.axis(try call.int("axis") ?? -2, rank: cache.rank)
    guard axis > 0 else {
      throw OperatorError("an axis after the first", found: "0", subject: "attribute 'axis'")
    }
    var expected = cache.shape
    if update.rank == cache.rank { expected[axis] = min(update.shape[axis], cache.shape[axis]) }
    guard update.shape == expected else {
      throw call.wrong(
        1, "\(shapeText(cache.shape)), or less on axis \(axis)", found: shapeText(update.shape))
    }
    let (room, length) = (cache.shape[axis], update.shape[axis])
    let starts = try call.integers(2)
    if let starts, starts.count != cache.shape[0] {
      throw call.wrong(2, "\(cache.shape[0]) indices", found: "\(starts.count)")
    }
    let y = try call.make(cache.type, cache.shape)
    StridedCopy.run(cache.count, from: cache, at: 0, to: y, at: 0)
    if update.count == 0 { return [y] }
    let (strides, targetStrides) = (Layout.strides(update.shape), Layout.strides(y.shape))
    for sample in 0..<cache.shape[0] {
      let given = starts?[sample] ?? 0
      guard isCircular || (given >= 0 && given <= room - length) else {
        throw call.wrong(2, "indices of 0 to \(room - length)", found: "\(given)")
      }
      let start = ((given % room) + room) % room
      // The part up to the end of the cache, and the rest from its beginning on.
      let first = min(length, room - start)
      for (from, to, count) in [(0, start, first), (first, 0, length - first)] {
        var shape = Array(update.shape.dropFirst())
        shape[axis - 1] = count
        try StridedCopy.copy(
          shape: shape, from: update, offset: sample * strides[0] + from * strides[axis],
          strides: Array(strides.dropFirst()), to: y,
          targetOffset: sample * targetStrides[0] + to * targetStrides[axis],
          targetStrides: Array(targetStrides.dropFirst()))
      }
    }
    return [y]
  }
}
