internal import CKernels
internal import ONNXGraph

/// Operators on F32, F16 and BF16 with vectors, on all threads. F16 and BF16 are computed in binary32 and rounded once.
enum FastElementwise {
  /// `y[i] = op(a[i], b[i])` with broadcasting, for a and b of one type; nil for other types.
  static func binary(
    _ kernel: tessera_operator, _ call: OperatorCall, _ a: Tensor, _ b: Tensor
  ) throws(OperatorError) -> Tensor? {
    guard let left = LaneAccess(a), let right = LaneAccess(b) else { return nil }
    let shape = try Layout.broadcast([a.shape, b.shape])
    let y = try call.make(a.type, shape)
    guard y.count > 0, let to = LaneAccess(y) else { return y }
    let walk = StridedWalk(
      shape, [Layout.strides(a.shape, as: shape), Layout.strides(b.shape, as: shape)])
    let (count, aStep, bStep) = (walk.rowCount, walk.rowStride(0), walk.rowStride(1))
    @Sendable func combine(_ i: Int, _ j: Int, _ place: Int, _ count: Int) {
      to.forEachPiece(of: count) { start, count, aMemory, bMemory, memory in
        Products.kernels.combine(
          kernel, left.numbers(i + start * aStep, count: aStep == 0 ? 1 : count, aMemory), aStep,
          right.numbers(j + start * bStep, count: bStep == 0 ? 1 : count, bMemory), bStep,
          to.results(place + start, memory), count)
        to.finish(place + start, count: count, memory)
      }
    }
    if y.count / count > 1 << 16 {
      // Short rows are so many that a list of them would be as large as the tensors.
      var place = 0
      try walk.forEachRow { offsets throws(OperatorError) in
        combine(offsets[0], offsets[1], place, count)
        place += count
      }
      return y
    }
    var rows: [(Int, Int)] = []
    try walk.forEachRow { offsets throws(OperatorError) in rows.append((offsets[0], offsets[1])) }
    // Long rows are cut into pieces, and short rows are grouped.
    let piece = min(count, 1 << 14)
    let pieces = (count + piece - 1) / piece
    let step = max(1, (1 << 14) / piece)
    let tasks = (rows.count * pieces + step - 1) / step
    let places = rows
    Parallel.tasks(tasks, threads: y.count < 1 << 15 ? 1 : call.backend.threads) { task, _ in
      for number in (task * step)..<min(places.count * pieces, (task + 1) * step) {
        let (row, start) = (number / pieces, number % pieces * piece)
        let (i, j) = places[row]
        combine(i + start * aStep, j + start * bStep, row * count + start, min(piece, count - start))
      }
    }
    return y
  }

  /// y[i] = function(x[i]); nil for other types.
  static func map(
    _ function: LaneFunction, _ call: OperatorCall, _ x: Tensor
  ) throws(OperatorError) -> Tensor? {
    guard let from = LaneAccess(x) else { return nil }
    let y = try call.make(x.type, x.shape)
    guard let to = LaneAccess(y) else { return nil }
    let count = x.count
    let piece = 1 << 14
    Parallel.tasks((count + piece - 1) / piece, threads: count < 1 << 15 ? 1 : call.backend.threads) {
      task, _ in
      let first = task * piece
      to.forEachPiece(of: min(piece, count - first)) { start, count, xMemory, _, memory in
        Products.kernels.map(
          function.kernel, function.p, function.q, from.numbers(first + start, count: count, xMemory),
          to.results(first + start, memory), count)
        to.finish(first + start, count: count, memory)
      }
    }
    return y
  }

  /// Calls `body` for each of `count` rows of `extent` numbers, on all threads; with the worker, as in `Parallel.tasks`.
  static func rows(
    _ count: Int, extent: Int, _ call: OperatorCall, _ body: @Sendable (_ row: Int, _ worker: Int) -> Void
  ) {
    let step = max(1, (1 << 13) / max(1, extent))
    Parallel.tasks(
      (count + step - 1) / step, threads: count * extent < 1 << 14 ? 1 : call.backend.threads
    ) { task, worker in
      for row in (task * step)..<min(count, (task + 1) * step) { body(row, worker) }
    }
  }
}
