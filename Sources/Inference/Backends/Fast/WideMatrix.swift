internal import ONNXGraph

/// A matrix of binary32 numbers, or of numbers that become binary32 block by block.
struct WideMatrix: Sendable {
  private let offset: Int
  private let row: Int
  private let column: Int
  /// Exactly one of the two is there.
  private let floats: Elements<Float>?
  private let stored: StoredElements?

  /// Returns nil for types other than F32, F16 and BF16, and for stored numbers if neither rows nor columns are
  /// contiguous.
  init?(_ view: MatrixView) {
    offset = view.offset
    row = view.rowStride
    column = view.columnStride
    guard view.tensor.type == .float || view.tensor.type.half != nil else { return nil }
    if view.tensor.type == .float, view.tensor.stored == nil {
      floats = view.tensor.values(Float.self)
      stored = nil
    } else {
      guard row == 1 || column == 1, let elements = StoredElements(view.tensor) else { return nil }
      floats = nil
      stored = elements
    }
  }

  /// Whether a block is the matrix's own memory.
  var isDirect: Bool { floats != nil }

  /// The matrix's own memory from its first number on; nil if blocks are copies.
  var ownNumbers: Elements<Float>? { floats?.from(offset) }

  /// Whether columns are contiguous, and rows are not.
  var isTransposed: Bool { column != 1 }

  /// The numbers of these rows and columns, which take `scratch` if the matrix is not direct.
  func block(
    _ rows: Range<Int>, _ columns: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
  ) -> Products.Matrix {
    let start = offset + rows.lowerBound * row + columns.lowerBound * column
    if let floats {
      return Products.Matrix(base: UnsafePointer(floats.base + start), row: row, column: column)
    }
    let (lines, step, count) =
      isTransposed ? (columns.count, column, rows.count) : (rows.count, row, columns.count)
    for line in 0..<lines {
      stored?.read(from: start + line * step, count: count, to: scratch + line * count)
    }
    let base = UnsafePointer(scratch)
    return isTransposed
      ? Products.Matrix(base: base, row: 1, column: count) : Products.Matrix(base: base, row: count)
  }
}
