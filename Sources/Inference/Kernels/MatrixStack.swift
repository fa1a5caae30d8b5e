/// Matrices inside a tensor, in any number of leading axes: [.., rows, columns].
struct MatrixStack {
  let tensor: Tensor
  private(set) var shape: [Int]
  private var strides: [Int]

  /// x: two dimensions or more.
  init(_ x: Tensor) {
    tensor = x
    shape = x.shape
    strides = Layout.strides(x.shape)
  }

  /// Swaps rows and columns.
  mutating func transpose() {
    shape.swapAt(shape.count - 2, shape.count - 1)
    strides.swapAt(strides.count - 2, strides.count - 1)
  }

  /// Makes the first axis the rows: [rows, .., columns] becomes [.., rows, columns].
  mutating func moveFirstAxisToRows() {
    shape.insert(shape.removeFirst(), at: shape.count - 1)
    strides.insert(strides.removeFirst(), at: strides.count - 1)
  }

  private var leading: ArraySlice<Int> { shape.dropLast(2) }

  /// Strides that read the leading axes as `target`, to which they broadcast.
  private func strides(as target: [Int]) -> [Int] {
    let missing = target.count - leading.count
    return target.indices.map { $0 < missing || shape[$0 - missing] == 1 ? 0 : strides[$0 - missing] }
  }

  private func matrix(at offset: Int) -> MatrixView {
    let last = shape.count - 1
    return MatrixView(
      tensor: tensor, offset: offset, rows: shape[last - 1], columns: shape[last],
      rowStride: strides[last - 1], columnStride: strides[last])
  }

  /// The products of all matrices, whose leading axes broadcast: [.., rows of self, columns of other].
  func multiplied(
    _ call: OperatorCall, by other: MatrixStack, scale: Double = 1
  ) throws(OperatorError) -> Tensor {
    let (m, k, n) = (shape[shape.count - 2], shape[shape.count - 1], other.shape[other.shape.count - 1])
    guard other.shape[other.shape.count - 2] == k else {
      throw call.wrong(1, "\(k) rows", found: shapeText(other.shape))
    }
    let batch = try Layout.broadcast([Array(leading), Array(other.leading)])
    let y = try call.make(tensor.type, batch + [m, n])
    // There can be 2³¹ empty matrices.
    if y.count == 0 { return y }
    try call.budget.spend(product: y.count, k)
    let count = batch.product
    // Views and packing take as long as some hundred multiply-adds.
    try call.budget.spend(count, 256)
    let walk = StridedWalk(batch, [strides(as: batch), other.strides(as: batch)])
    let backend = call.backend
    // With two products or more for each thread, threads take whole products; otherwise they share each one.
    try Parallel.throwingTasks(count, threads: count < 2 * backend.threads ? 1 : backend.threads) {
      number throws(OperatorError) in
      try backend.multiply(
        MatrixProduct(
          a: matrix(at: walk.offset(number, 0)), b: other.matrix(at: walk.offset(number, 1)), y: y,
          yOffset: number * m * n, scale: scale))
    }
    return y
  }
}
