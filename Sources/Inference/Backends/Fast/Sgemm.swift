internal import Glibc

/// Products of matrices of binary32 numbers by OpenBLAS, one thread to a call.
///
/// OpenBLAS has 32-bit sizes. `fits` is asked once for each tensor; everything within it is then small enough.
enum Sgemm {
  /// A matrix in memory: rows so many elements apart, or columns where it is transposed.
  struct Matrix {
    let base: UnsafePointer<Float>
    let stride: Int
    var isTransposed = false
  }

  static func fits(_ tensor: Tensor) -> Bool { library != nil && tensor.count < Int(Int32.max) }

  /// What OpenBLAS offers; nil where it is not installed, and everything is left to the reference.
  private static let library = OpenBLAS()

  /// Multiply-adds of what OpenBLAS calls a small product.
  private static let small = 1e6

  /// Whether this processor's OpenBLAS has kernels for small products, which do without packing and are quicker than
  /// those for large ones (by a tenth where all is in the cache, by a half where one side is read once).
  private static let isQuickWithSmall = ["SkylakeX", "Cooperlake", "SapphireRapids"].contains(
    library?.coreName ?? "")

  /// y ← scale · a · b + keep · y with a: [rows, depth], b: [depth, columns], y: rows `yStride` apart.
  static func multiply(
    _ a: Matrix, _ b: Matrix, _ y: UnsafeMutablePointer<Float>, yStride: Int, rows: Int, columns: Int,
    depth: Int,
    scale: Float = 1, keep: Float = 0
  ) {
    // One row or column: a product with a vector needs no packing.
    if rows == 1, a.isTransposed == false {
      library?.gemv(
        OpenBLAS.rowMajor, OpenBLAS.order(!b.isTransposed), Int32(b.isTransposed ? columns : depth),
        Int32(b.isTransposed ? depth : columns),
        scale, b.base, Int32(b.stride), a.base, 1, keep, y, 1)
      return
    }
    if isQuickWithSmall, !a.isTransposed, !b.isTransposed,
      Double(rows) * Double(columns) * Double(depth) > small
    {
      inBlocks(
        a, b, y, yStride: yStride, rows: rows, columns: columns, depth: depth, scale: scale, keep: keep)
      return
    }
    call(a, b, y, yStride: yStride, rows: rows, columns: columns, depth: depth, scale: scale, keep: keep)
  }

  /// In blocks that are small products, each with as many of b's numbers as stay near.
  private static func inBlocks(
    _ a: Matrix, _ b: Matrix, _ y: UnsafeMutablePointer<Float>, yStride: Int, rows: Int, columns: Int,
    depth: Int,
    scale: Float, keep: Float
  ) {
    let parts = (depth + 319) / 320
    let depthStep = ((depth + parts - 1) / parts + 7) / 8 * 8
    for column in stride(from: 0, to: columns, by: 64) {
      for k in stride(from: 0, to: depth, by: depthStep) {
        for row in stride(from: 0, to: rows, by: 48) {
          call(
            Matrix(base: a.base + row * a.stride + k, stride: a.stride),
            Matrix(base: b.base + k * b.stride + column, stride: b.stride), y + row * yStride + column,
            yStride: yStride, rows: min(48, rows - row), columns: min(64, columns - column),
            depth: min(depthStep, depth - k), scale: scale, keep: k == 0 ? keep : 1)
        }
      }
    }
  }

  @inline(__always)
  private static func call(
    _ a: Matrix, _ b: Matrix, _ y: UnsafeMutablePointer<Float>, yStride: Int, rows: Int, columns: Int,
    depth: Int,
    scale: Float, keep: Float
  ) {
    library?.gemm(
      OpenBLAS.rowMajor, OpenBLAS.order(a.isTransposed), OpenBLAS.order(b.isTransposed), Int32(rows),
      Int32(columns), Int32(depth), scale,
      a.base,
      Int32(a.stride), b.base, Int32(b.stride), keep, y, Int32(yStride))
  }
}
