internal import CKernels
internal import ONNXGraph

/// A product of binary32 matrices, on all threads.
struct FastProduct {
  private let product: MatrixProduct
  private let a: Elements<Float>
  private let b: Elements<Float>
  private let y: Elements<Float>

  /// Returns nil for other types, for empty matrices, and if neither rows nor columns of b are contiguous.
  init?(_ product: MatrixProduct) {
    guard product.y.type == .float, product.rows > 0, product.columns > 0, product.depth > 0,
      product.b.columnStride == 1 || product.b.rowStride == 1
    else { return nil }
    self.product = product
    a = product.a.tensor.values(Float.self)
    b = product.b.tensor.values(Float.self)
    y = product.y.values(Float.self)
  }

  private var left: Products.Matrix {
    Products.Matrix(
      base: a.base + product.a.offset, row: product.a.rowStride, column: product.a.columnStride)
  }

  private func right(from column: Int) -> Products.Matrix {
    Products.Matrix(
      base: b.base + product.b.offset + column * product.b.columnStride, row: product.b.rowStride,
      column: product.b.columnStride)
  }

  func run(threads: Int) throws(OperatorError) {
    let (rows, columns, depth) = (product.rows, product.columns, product.depth)
    let (y, product) = (y, product)
    let scratch = try Scratch(rows * depth, workers: 1, product.y.storage.budget)
    // Each task has at least 2¹⁸ multiply-adds; a smaller one takes less time than handing it to a thread.
    let parts = min(16, max(1, Int(Double(rows) * Double(columns) * Double(depth) / 262_144)))
    let packing = Products.step(rows: rows, parts: rows * depth < 1 << 15 ? 1 : parts)
    Parallel.tasks((rows + packing - 1) / packing, threads: threads) { task, _ in
      let row = task * packing
      let count = min(packing, rows - row)
      let to = scratch[0] + row * depth
      Products.pack(
        Products.Matrix(base: left.base + row * left.row, row: left.row, column: left.column), rows: count,
        depth: depth, to: to)
      if product.scale != 1 { for index in 0..<(count * depth) { to[index] *= Float(product.scale) } }
    }
    let isWide = columns >= rows
    let step =
      isWide
      ? max(64, ((columns + parts - 1) / parts + 63) / 64 * 64) : Products.step(rows: rows, parts: parts)
    let extent = isWide ? columns : rows
    Parallel.tasks((extent + step - 1) / step, threads: threads) { task, _ in
      let start = task * step
      let count = min(step, extent - start)
      let (row, column) = isWide ? (0, start) : (start, 0)
      let (height, width) = isWide ? (rows, count) : (count, columns)
      let to = y.base + product.yOffset + row * product.yStride + column
      if product.keep != 0, product.keep != 1 {
        for i in 0..<height { for j in 0..<width { to[i * product.yStride + j] *= Float(product.keep) } }
      }
      if rows == 1 {
        let b = right(from: column)
        return Products.kernels.vector_product(
          width, depth, scratch[0], b.base, b.row, b.column, to, product.keep != 0 ? 1 : 0)
      }
      Products.multiply(
        scratch[0] + row * depth, right(from: column), to, yRow: product.yStride, rows: height,
        columns: width,
        depth: depth, keeps: product.keep != 0)
    }
  }
}
