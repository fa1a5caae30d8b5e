internal import CKernels
internal import ONNXGraph

/// A product of matrices with binary32 sums, on all threads. F16, BF16 and stored numbers are widened block by block; F16
/// and BF16 results are rounded once.
struct FastProduct {
  private let product: MatrixProduct
  private let a: WideMatrix
  private let b: WideMatrix
  /// The form of y; nil for F32.
  private let form: tessera_form?

  /// Returns nil for other types, for empty matrices, and if neither rows nor columns of b are contiguous.
  init?(_ product: MatrixProduct) {
    let type = product.y.type
    guard type == .float || type.half != nil, product.rows > 0, product.columns > 0, product.depth > 0,
      product.b.columnStride == 1 || product.b.rowStride == 1, let a = WideMatrix(product.a),
      let b = WideMatrix(product.b)
    else { return nil }
    self.product = product
    self.a = a
    self.b = b
    form = type.half
  }

  /// The depth and the columns of a block of b.
  private var block: (depth: Int, columns: Int) {
    if b.isDirect, form == nil { return (product.depth, product.columns) }
    // The widened numbers of a block stay in the cache: the first for one row, the second for more.
    if product.rows > 1 { return (256, 256) }
    return b.isTransposed ? (1024, 8) : (16, 1024)
  }

  func run(threads: Int) throws(OperatorError) {
    let (rows, columns, depth) = (product.rows, product.columns, product.depth)
    let budget = product.y.storage.budget
    let block = block
    // Each task has at least 2¹⁷ multiply-adds; a smaller one takes less time than handing it to a thread.
    let parts = min(16, max(1, Int(Double(rows) * Double(columns) * Double(depth) / 131_072)))
    // A contiguous row needs no packing.
    let row = rows == 1 && product.scale == 1 && product.a.columnStride == 1 ? a.ownNumbers : nil
    let packed = if let row { row } else { try packed(block.depth, parts: parts, threads: threads) }
    // Every task over rows would widen all of b.
    let isWide = columns >= rows || !b.isDirect && columns >= 512
    let step =
      isWide
      ? max(
        rows == 1 && !b.isDirect ? min(columns, 1024) : 64, ((columns + parts - 1) / parts + 63) / 64 * 64)
      : Products.step(rows: rows, parts: parts)
    let extent = isWide ? columns : rows
    let tasks = (extent + step - 1) / step
    let height = isWide ? rows : min(step, rows)
    let widened = b.isDirect ? 0 : min(block.depth, depth) * min(block.columns, columns)
    let scratch = try Scratch(
      widened + (form == nil ? 0 : height * min(block.columns, columns)), workers: min(threads, tasks), budget
    )
    let (a, b, job) = (packed, b, self)
    Parallel.tasks(tasks, threads: threads) { task, worker in
      let (start, end) = (task * step, min(extent, (task + 1) * step))
      let (rows, all) = isWide ? (0..<rows, start..<end) : (start..<end, 0..<columns)
      for column in stride(from: all.lowerBound, to: all.upperBound, by: block.columns) {
        let columns = column..<min(all.upperBound, column + block.columns)
        let (y, distance) = job.sums(rows, columns, scratch[worker] + widened)
        for start in stride(from: 0, to: depth, by: block.depth) {
          let along = start..<min(depth, start + block.depth)
          let right = b.block(along, columns, scratch[worker])
          let left = a.base + start * job.product.rows + rows.lowerBound * along.count
          let keeps = start > 0 || job.product.keep != 0
          if job.product.rows == 1 {
            Products.kernels.vector_product(
              columns.count, along.count, left, right.base, right.row, right.column, y, keeps ? 1 : 0)
          } else {
            Products.multiply(
              left, right, y, yRow: distance, rows: rows.count, columns: columns.count, depth: along.count,
              keeps: keeps)
          }
        }
        job.finish(rows, columns, y)
      }
    }
  }

  /// scale · a, packed for each block of the depth.
  private func packed(_ deep: Int, parts: Int, threads: Int) throws(OperatorError) -> Elements<Float> {
    let (rows, depth, budget) = (product.rows, product.depth, product.y.storage.budget)
    let packed = try Tensor(.float, [rows * depth + Products.slack], budget).values(Float.self)
    let step = Products.step(rows: rows, parts: rows * depth < 1 << 15 ? 1 : parts)
    let tasks = (rows + step - 1) / step
    let scratch = try Scratch(
      a.isDirect ? 0 : min(rows, Products.panel) * min(deep, depth), workers: min(threads, tasks), budget)
    let (a, scale) = (a, Float(product.scale))
    Parallel.tasks(tasks, threads: threads) { task, worker in
      for start in stride(from: 0, to: depth, by: deep) {
        let along = start..<min(depth, start + deep)
        let rest = (task * step)..<min(rows, (task + 1) * step)
        for row in stride(from: rest.lowerBound, to: rest.upperBound, by: Products.panel) {
          let panel = row..<min(rest.upperBound, row + Products.panel)
          let to = packed.base + start * rows + row * along.count
          Products.pack(
            a.block(panel, along, scratch[worker]), rows: panel.count, depth: along.count, to: to)
          if scale != 1 { for index in 0..<(panel.count * along.count) { to[index] *= scale } }
        }
      }
    }
    return packed
  }

  /// Where the sums of a part of y are, and the distance between rows. They begin with keep · y if y is kept.
  private func sums(
    _ rows: Range<Int>, _ columns: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
  ) -> (UnsafeMutablePointer<Float>, Int) {
    let place = product.yOffset + rows.lowerBound * product.yStride + columns.lowerBound
    let (sums, distance) =
      form == nil
      ? (product.y.values(Float.self).base + place, product.yStride) : (scratch, columns.count)
    if product.keep == 0 { return (sums, distance) }
    for row in 0..<rows.count {
      let to = sums + row * distance
      if let form {
        Products.kernels.widen(
          form, product.y.storage.base, place + row * product.yStride, nil, to, columns.count)
      }
      if product.keep != 1 { for index in 0..<columns.count { to[index] *= Float(product.keep) } }
    }
    return (sums, distance)
  }

  /// Rounds the sums to y if it is not F32.
  private func finish(_ rows: Range<Int>, _ columns: Range<Int>, _ sums: UnsafeMutablePointer<Float>) {
    guard let form else { return }
    for row in 0..<rows.count {
      let place = product.yOffset + (rows.lowerBound + row) * product.yStride + columns.lowerBound
      Products.kernels.narrow(
        form, sums + row * columns.count, product.y.storage.base + 2 * place, columns.count)
    }
  }
}
