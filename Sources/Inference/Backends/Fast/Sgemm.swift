internal import CBLAS

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

  static func fits(_ tensor: Tensor) -> Bool { tensor.count < Int(Int32.max) }

  /// Once for the process: OpenBLAS computes in the thread that calls it.
  static let isReady: Bool = {
    tessera_blas_alone()
    return true
  }()

  /// y ← scale · a · b + keep · y with a: [rows, depth], b: [depth, columns], y: rows `yStride` apart.
  @inline(__always)
  static func multiply(
    _ a: Matrix, _ b: Matrix, _ y: UnsafeMutablePointer<Float>, yStride: Int, rows: Int, columns: Int,
    depth: Int,
    scale: Float = 1, keep: Float = 0
  ) {
    // One row or column: a product with a vector needs no packing.
    if rows == 1, a.isTransposed == false {
      tessera_sgemv(
        b.isTransposed ? 0 : 1, Int32(b.isTransposed ? columns : depth),
        Int32(b.isTransposed ? depth : columns),
        scale, b.base, Int32(b.stride), a.base, 1, keep, y)
      return
    }
    tessera_sgemm(
      a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(rows), Int32(columns), Int32(depth), scale,
      a.base,
      Int32(a.stride), b.base, Int32(b.stride), keep, y, Int32(yStride))
  }
}
