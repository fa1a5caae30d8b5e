internal import ONNXGraph

/// Products of the matrices of a: [.., M, K] with those of b: [.., K, N]; leading axes broadcast. A vector is a row on the
/// left and a column on the right, and the result lacks its axis.
struct BatchedProduct {
  /// The shapes of a and b, with two axes or more.
  let left: [Int]
  let right: [Int]
  /// The shape of the result before and after the axes of vectors are removed.
  let full: [Int]
  let shape: [Int]
  private let batch: [Int]

  /// - Parameter second: the number of the input that b comes from, for errors.
  init(_ call: OperatorCall, _ a: [Int], _ b: [Int], second: Int = 1) throws(OperatorError) {
    guard a.count >= 1, b.count >= 1 else { throw OperatorError("a dimension of both inputs", found: "none") }
    left = a.count == 1 ? [1] + a : a
    right = b.count == 1 ? b + [1] : b
    let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    guard right[right.count - 2] == k else { throw call.wrong(second, "\(k) rows", found: shapeText(b)) }
    batch = try Layout.broadcast([left.dropLast(2), right.dropLast(2)])
    full = batch + [m, n]
    shape = batch + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n])
  }

  /// The products, in the shape `full`.
  func run(_ call: OperatorCall, _ a: Tensor, _ b: Tensor) throws(OperatorError) -> Tensor {
    let (m, k, n) = (full[full.count - 2], left[left.count - 1], full[full.count - 1])
    let y = try call.make(a.type, full)
    // There can be 2³¹ empty matrices.
    if y.count == 0 { return y }
    try call.budget.spend(product: y.count, k)
    let walk = StridedWalk(
      batch, [Layout.strides(left.dropLast(2), as: batch), Layout.strides(right.dropLast(2), as: batch)])
    var number = 0
    // The offsets count matrices, not elements.
    try walk.forEachRow { offsets throws(OperatorError) in
      for step in 0..<walk.rowCount {
        let (i, j) = (offsets[0] + step * walk.rowStride(0), offsets[1] + step * walk.rowStride(1))
        try call.backend.multiply(
          MatrixProduct(
            a: MatrixView(tensor: a, offset: i * m * k, rows: m, columns: k, rowStride: k, columnStride: 1),
            b: MatrixView(tensor: b, offset: j * k * n, rows: k, columns: n, rowStride: n, columnStride: 1),
            y: y,
            yOffset: number * m * n))
        number += 1
      }
    }
    return y
  }
}
