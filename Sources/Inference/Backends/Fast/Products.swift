internal import CKernels

/// Products of binary32 matrices, each in the calling thread.
///
/// The first factor is packed: panels of some rows, column by column. Products of the same rows with other columns then
/// share it, and weights are packed once.
enum Products {
  /// The kernels for this processor.
  static let kernels = tessera_best_kernels().pointee

  /// The rows of a panel; products of some of the rows begin at a multiple of it.
  static var panel: Int { kernels.panel }

  /// The numbers after a packed matrix that a product may read.
  static let slack = 16

  /// A matrix in memory, with the distances between rows and between columns.
  struct Matrix {
    let base: UnsafePointer<Float>
    let row: Int
    var column = 1
  }

  /// Packs [rows, depth] to as many numbers.
  static func pack(_ a: Matrix, rows: Int, depth: Int, to packed: UnsafeMutablePointer<Float>) {
    kernels.pack(rows, depth, a.base, a.row, a.column, packed)
  }

  /// y ← a · b + (keeps ? y : 0), with packed a: [rows, depth]; b: [depth, columns], with a distance of 1 along one of its
  /// axes; y: rows `yRow` apart. Then `end` is applied to y.
  static func multiply(
    _ a: UnsafePointer<Float>, _ b: Matrix, _ y: UnsafeMutablePointer<Float>, yRow: Int, rows: Int,
    columns: Int, depth: Int, keeps: Bool = false, end: tessera_end? = nil
  ) {
    guard var end else {
      return kernels.product(rows, columns, depth, a, b.base, b.row, b.column, y, yRow, keeps ? 1 : 0, nil)
    }
    kernels.product(rows, columns, depth, a, b.base, b.row, b.column, y, yRow, keeps ? 1 : 0, &end)
  }

  /// The number of rows in each of about `parts` tasks: whole panels.
  static func step(rows: Int, parts: Int) -> Int {
    let panels = (rows + panel - 1) / panel
    return max(1, (panels + parts - 1) / parts) * panel
  }
}
