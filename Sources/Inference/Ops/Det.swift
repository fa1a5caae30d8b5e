internal import ONNXGraph

/// y[…] = the determinant of the matrix x[…]
///
/// x: floats, [.., M, M] → y: as x, [..]; 1 for M = 0. Elimination with the greatest pivot of each column. Source: ONNX
/// `Det`, versions 11, 22.
enum Det: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    guard x.rank >= 2, x.shape[x.rank - 1] == x.shape[x.rank - 2] else {
      throw call.wrong(0, "square matrices", found: shapeText(x.shape))
    }
    let size = x.shape[x.rank - 1]
    let y = try call.make(.double, x.shape.dropLast(2))
    try call.budget.spend([y.count, size, size, size])
    let matrices = try Casting.cast(call, x, to: .double)
    // Elimination works in a copy of one matrix.
    let matrix = try call.make(.double, [size, size])
    for place in 0..<y.count {
      StridedCopy.run(size * size, from: matrices, at: place * size * size, to: matrix, at: 0)
      y.values(Double.self)[place] = determinant(matrix.values(Double.self), size)
    }
    return [try Casting.cast(call, y, to: x.type)]
  }

  private static func determinant(_ a: Elements<Double>, _ size: Int) -> Double {
    var product = 1.0
    for column in 0..<size {
      var pivot = column
      for row in column..<size where a[row * size + column].magnitude > a[pivot * size + column].magnitude {
        pivot = row
      }
      if pivot != column {
        for k in column..<size {
          (a[pivot * size + k], a[column * size + k]) = (a[column * size + k], a[pivot * size + k])
        }
        product = -product
      }
      let diagonal = a[column * size + column]
      product *= diagonal
      if diagonal == 0 { return product }
      for row in (column + 1)..<max(size, column + 1) {
        let factor = a[row * size + column] / diagonal
        for k in column..<size { a[row * size + k] -= factor * a[column * size + k] }
      }
    }
    return product
  }
}
