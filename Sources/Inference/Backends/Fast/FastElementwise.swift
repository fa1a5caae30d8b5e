internal import ONNXGraph

/// An operator on two numbers with vectors. It gives the results of its definition: sums, products and quotients of
/// binary32 numbers, computed in binary64 and rounded once, are the same as those computed in binary32.
protocol LaneArithmetic: BinaryArithmetic, SendableMetatype {
  static func lanes(_ a: Lanes, _ b: Lanes) -> Lanes
}

/// Operators on binary32 numbers with vectors, on all threads.
enum FastElementwise {
  /// `y[i] = op(a[i], b[i])` with broadcasting.
  static func binary<Op: LaneArithmetic>(
    _: Op.Type, _ call: OperatorCall, _ a: Tensor, _ b: Tensor
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
        Self.row(
          Op.self, UnsafePointer(left.base + offsets[0]), aStep, UnsafePointer(right.base + offsets[1]),
          bStep,
          to.base + place, count: count)
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
        Self.row(
          Op.self, UnsafePointer(left.base + i + start * aStep), aStep,
          UnsafePointer(right.base + j + start * bStep), bStep, to.base + row * count + start,
          count: min(piece, count - start))
      }
    }
    return y
  }

  private static func row<Op: LaneArithmetic>(
    _: Op.Type, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ y: UnsafeMutablePointer<Float>, count: Int
  ) {
    let whole = count - count % 8
    switch (aStep, bStep) {
    case (1, 1):
      for index in stride(from: 0, to: whole, by: 8) {
        y.set(index, Op.lanes(a.lanes(index), b.lanes(index)))
      }
    case (1, 0):
      let other = Lanes(repeating: b[0])
      for index in stride(from: 0, to: whole, by: 8) { y.set(index, Op.lanes(a.lanes(index), other)) }
    case (0, 1):
      let other = Lanes(repeating: a[0])
      for index in stride(from: 0, to: whole, by: 8) { y.set(index, Op.lanes(other, b.lanes(index))) }
    default:
      for index in 0..<whole {
        y[index] = Op.lanes(Lanes(repeating: a[index * aStep]), Lanes(repeating: b[index * bStep]))[0]
      }
    }
    for index in whole..<count {
      y[index] = Op.lanes(Lanes(repeating: a[index * aStep]), Lanes(repeating: b[index * bStep]))[0]
    }
  }
}
