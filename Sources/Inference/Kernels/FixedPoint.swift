internal import Glibc

/// Decimal numbers in the form of C's `printf("%f")`.
enum FixedPoint {
  /// A number with six decimals, rounded from its exact value; `inf`, `-inf`, `nan` and `-nan` are words.
  static func text(_ number: Double) -> String {
    // The greatest binary64 has 309 digits before the point.
    var bytes = [CChar](repeating: 0, count: 340)
    let count = withVaList([number]) { vsnprintf(&bytes, bytes.count, "%f", $0) }
    return String(decoding: bytes.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
