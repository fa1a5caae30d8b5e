internal import ONNXGraph

/// y = the inverse of each matrix of x, by Gauss and Jordan with the greatest pivot of each column
///
/// x: floats, [.., n, n] → y: the same. The inverse of a singular matrix has infinite or undefined numbers. Source: ONNX
/// Runtime `Inverse`, version 1.
enum Inverse: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2, x.shape[x.rank - 1] == x.shape[x.rank - 2], x.type.isFloat else {
      throw call.wrong(0, "floating-point square matrices", found: "\(x.type.name) \(shapeText(x.shape))")
    }
    let size = x.shape[x.rank - 1]
    try call.budget.spend(x.count, 2, size)
    return [
      try Lines.map(call, x, extent: size * size, inner: 1) { matrix in invert(&matrix, size) }
    ]
  }

  /// Inverts a matrix in place: each step replaces a column by that of the inverse.
  private static func invert(_ matrix: inout [Double], _ size: Int) {
    var swaps: [Int] = []
    for column in 0..<size {
      var pivot = column
      for row in column..<size
      where matrix[row * size + column].magnitude > matrix[pivot * size + column].magnitude { pivot = row }
      swaps.append(pivot)
      if pivot != column { for k in 0..<size { matrix.swapAt(pivot * size + k, column * size + k) } }
      let factor = 1 / matrix[column * size + column]
      matrix[column * size + column] = 1
      for k in 0..<size { matrix[column * size + k] *= factor }
      for row in 0..<size where row != column {
        let share = matrix[row * size + column]
        matrix[row * size + column] = 0
        for k in 0..<size { matrix[row * size + k] -= share * matrix[column * size + k] }
      }
    }
    // Rows were swapped, so the columns of the inverse are swapped back.
    for (column, pivot) in swaps.enumerated().reversed() where pivot != column {
      for row in 0..<size { matrix.swapAt(row * size + pivot, row * size + column) }
    }
  }
}
