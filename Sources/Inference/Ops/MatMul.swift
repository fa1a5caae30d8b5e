internal import ONNXGraph

/// y[.., i, j] = Σ_k a[.., i, k] · b[.., k, j]
///
/// a: numbers, [.., M, K]; b: [.., K, N]; leading axes broadcast → y: [.., M, N]. A vector is a row on the left and a
/// column on the right, and y lacks its axis. Source: ONNX `MatMul`, versions 1, 9, 13.
enum MatMul: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    let b = try call.input(1, type: a.type)
    guard a.rank >= 1, b.rank >= 1 else { throw OperatorError("a dimension of both inputs", found: "none") }
    let left = a.rank == 1 ? [1] + a.shape : a.shape
    let right = b.rank == 1 ? b.shape + [1] : b.shape
    let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    guard right[right.count - 2] == k else {
      throw call.wrong(1, "\(k) rows", found: shapeText(b.shape))
    }
    let batch = try Layout.broadcast([left.dropLast(2), right.dropLast(2)])
    let y = try call.make(a.type, batch + [m, n])
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
    return [try y.reshaped(batch + (a.rank == 1 ? [] : [m]) + (b.rank == 1 ? [] : [n]))]
  }
}
