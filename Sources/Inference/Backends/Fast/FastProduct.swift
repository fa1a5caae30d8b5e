internal import ONNXGraph

/// A product of binary32 matrices that OpenBLAS can compute.
struct FastProduct {
  private let product: MatrixProduct
  private let a: Elements<Float>
  private let b: Elements<Float>
  private let y: Elements<Float>

  /// Returns nil for other types, for empty matrices, and if neither rows nor columns are contiguous.
  init?(_ product: MatrixProduct) {
    guard product.y.type == .float, product.rows > 0, product.columns > 0, product.depth > 0,
      Sgemm.fits(product.a.tensor), Sgemm.fits(product.b.tensor), Sgemm.fits(product.y),
      Self.layout(product.a) != nil, Self.layout(product.b) != nil
    else { return nil }
    self.product = product
    a = product.a.tensor.values(Float.self)
    b = product.b.tensor.values(Float.self)
    y = product.y.values(Float.self)
  }

  /// The distance between rows, or between columns if columns are contiguous.
  private static func layout(_ view: MatrixView) -> (stride: Int, isTransposed: Bool)? {
    if view.columnStride == 1, view.rowStride >= view.columns { return (view.rowStride, false) }
    if view.rowStride == 1, view.columnStride >= view.rows { return (view.columnStride, true) }
    return nil
  }

  func run(threads: Int) {
    guard let left = Self.layout(product.a), let right = Self.layout(product.b) else { return }
    let (rows, columns, depth) = (product.rows, product.columns, product.depth)
    let (rowStep, columnStep) = Self.block(rows: rows, columns: columns, depth: depth)
    let across = (columns + columnStep - 1) / columnStep
    let down = (rows + rowStep - 1) / rowStep
    let (a, b, y, product) = (a, b, y, product)
    Parallel.tasks(across * down, threads: threads) { task, _ in
      let (row, column) = (task / across * rowStep, task % across * columnStep)
      Sgemm.multiply(
        Sgemm.Matrix(
          base: a.base + product.a.offset + row * product.a.rowStride, stride: left.stride,
          isTransposed: left.isTransposed),
        Sgemm.Matrix(
          base: b.base + product.b.offset + column * product.b.columnStride, stride: right.stride,
          isTransposed: right.isTransposed),
        y.base + product.yOffset + row * product.yStride + column, yStride: product.yStride,
        rows: min(rowStep, rows - row),
        columns: min(columnStep, columns - column), depth: depth, scale: Float(product.scale),
        keep: Float(product.keep))
    }
  }

  /// Rows and columns of a task: the longer side is cut into at most 8 tasks, each with at least a million steps.
  static func block(rows: Int, columns: Int, depth: Int) -> (rows: Int, columns: Int) {
    // Computed as real numbers, because the product of three extents could overflow.
    let parts = min(8, Int(Double(rows) * Double(columns) * Double(depth) / 1e6))
    if parts <= 1 { return (rows, columns) }
    func step(_ extent: Int) -> Int { max(32, ((extent + parts - 1) / parts + 15) / 16 * 16) }
    return columns >= rows ? (rows, step(columns)) : (step(rows), columns)
  }
}
