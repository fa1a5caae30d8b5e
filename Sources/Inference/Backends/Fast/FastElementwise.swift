internal import CKernels
internal import ONNXGraph

/// Operators on binary32 numbers with vectors, on all threads.
enum FastElementwise {
  /// `y[i] = op(a[i], b[i])` with broadcasting.
  static func binary(
    _ kernel: tessera_operator, _ call: OperatorCall, _ a: Tensor, _ b: Tensor
  ) throws(OperatorError) -> Tensor {
    let shape = try Layout.broadcast([a.shape, b.shape])
    let y = try call.make(.float, shape)
    if y.count == 0 { return y }
    let walk = StridedWalk(
      shape, [Layout.strides(a.shape, as: shape), Layout.strides(b.shape, as: shape)])
    let (left, right, to) = (a.values(Float.self), b.values(Float.self), y.values(Float.self))
    let (count, aStep, bStep) = (walk.rowCount, walk.rowStride(0), walk.rowStride(1))
    if y.count / count > 1 << 16 {
      // Short rows are so many that a list of them would be as large as the tensors.
      var place = 0
      try walk.forEachRow { offsets throws(OperatorError) in
        Products.kernels.combine(
          kernel, left.base + offsets[0], aStep, right.base + offsets[1], bStep, to.base + place, count)
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
        Products.kernels.combine(
          kernel, left.base + i + start * aStep, aStep, right.base + j + start * bStep, bStep,
          to.base + row * count + start, min(piece, count - start))
      }
    }
    return y
  }

  /// y[i] = function(x[i])
  static func map(
    _ function: LaneFunction, _ call: OperatorCall, _ x: Tensor
  ) throws(OperatorError) -> Tensor {
    let y = try call.make(.float, x.shape)
    let (from, to) = (x.values(Float.self), y.values(Float.self))
    let piece = 1 << 14
    Parallel.tasks((x.count + piece - 1) / piece, threads: x.count < 1 << 15 ? 1 : call.backend.threads) {
      task, _ in
      let start = task * piece
      Products.kernels.map(
        function.kernel, function.p, function.q, from.base + start, to.base + start,
        min(piece, x.count - start))
    }
    return y
  }

  /// Calls `body` for each of `count` rows of `extent` numbers, on all threads.
  static func rows(
    _ count: Int, extent: Int, _ call: OperatorCall, _ body: @Sendable (Int) -> Void
  ) {
    let step = max(1, (1 << 13) / max(1, extent))
    Parallel.tasks(
      (count + step - 1) / step, threads: count * extent < 1 << 14 ? 1 : call.backend.threads
    ) { task, _ in
      for row in (task * step)..<min(count, (task + 1) * step) { body(row) }
    }
  }
}
