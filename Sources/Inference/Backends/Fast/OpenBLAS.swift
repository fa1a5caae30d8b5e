internal import Glibc

/// OpenBLAS, loaded when the first product needs it.
///
/// If it were linked, every command would load it. Debian's build starts its threads at once, and they spin for a
/// while: 3 ms of start-up and 40 ms on another core, a fifth of the time of a small conversion.
struct OpenBLAS: @unchecked Sendable {
  // Proof of @unchecked: the pointers are to functions of a library that stays loaded.

  /// cblas_sgemm: order, two transpositions, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc.
  typealias Gemm =
    @convention(c) (
      CInt, CInt, CInt, CInt, CInt, CInt, Float, UnsafePointer<Float>, CInt, UnsafePointer<Float>, CInt,
      Float,
      UnsafeMutablePointer<Float>, CInt
    ) -> Void
  /// cblas_sgemv: order, transposition, m, n, alpha, a, lda, x, incx, beta, y, incy.
  typealias Gemv =
    @convention(c) (
      CInt, CInt, CInt, CInt, Float, UnsafePointer<Float>, CInt, UnsafePointer<Float>, CInt, Float,
      UnsafeMutablePointer<Float>, CInt
    ) -> Void

  let gemm: Gemm
  let gemv: Gemv
  /// The kind of processor for which OpenBLAS chose its kernels.
  let coreName: String

  /// CblasRowMajor of <cblas.h>.
  static let rowMajor: CInt = 101

  /// CblasTrans or CblasNoTrans of <cblas.h>.
  static func order(_ isTransposed: Bool) -> CInt { isTransposed ? 112 : 111 }

  /// Returns nil if OpenBLAS is not installed.
  init?() {
    // The callers distribute the work over threads; OpenBLAS computes in the calling thread and starts no threads.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    guard let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL),
      let gemm = dlsym(library, "cblas_sgemm"), let gemv = dlsym(library, "cblas_sgemv"),
      let name = dlsym(library, "openblas_get_corename")
    else { return nil }
    self.gemm = unsafeBitCast(gemm, to: Gemm.self)
    self.gemv = unsafeBitCast(gemv, to: Gemv.self)
    typealias Name = @convention(c) () -> UnsafePointer<CChar>?
    coreName = unsafeBitCast(name, to: Name.self)().map { String(cString: $0) } ?? ""
  }
}
