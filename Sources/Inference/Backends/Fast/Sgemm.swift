internal import Glibc

/// Products of binary32 matrices by OpenBLAS, with one thread for each call.
///
/// OpenBLAS has 32-bit sizes. `fits` is called once for each tensor; then all sizes inside the tensor are small enough.
enum Sgemm {
  /// A matrix in memory: `stride` elements between rows, or between columns if it is transposed.
  struct Matrix {
    let base: UnsafePointer<Float>
    let stride: Int
    var isTransposed = false
  }

  static func fits(_ tensor: Tensor) -> Bool { library != nil && tensor.count < Int(Int32.max) }

  /// The library; nil if OpenBLAS is not installed. Then the reference computes everything.
  private static let library = OpenBLAS()

  /// The most multiply-adds of a product that OpenBLAS treats as small.
  private static let small = 1e6

  /// Whether OpenBLAS has kernels for small products on this processor. They need no packing. They are faster than
  /// those for large products: by a tenth if everything is in the cache, by a half if one operand is read once.
  private static let isQuickWithSmall = ["SkylakeX", "Cooperlake", "SapphireRapids"].contains(
    library?.coreName ?? "")

  /// y ← scale · a · b + keep · y with a: [rows, depth], b: [depth, columns], y: rows `yStride` apart.
  static func multiply(
    _ a: Matrix, _ b: Matrix, _ y: UnsafeMutablePointer<Float>, yStride: Int, rows: Int, columns: Int,
    depth: Int,
    scale: Float = 1, keep: Float = 0
  ) {
    // A product with a vector, for one row, needs no packing.
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

  /// Multiplies in blocks that are small products; each block uses as many numbers of b as stay in the cache.
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
