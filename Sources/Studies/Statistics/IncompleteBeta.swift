internal import Glibc

/// The regularised incomplete beta function and its inverse.
enum IncompleteBeta {
  /// I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1.
  ///
  /// Uses the continued fraction of DLMF 8.17.22 and Lentz's method with Thompson and Barnett's change. It converges
  /// fast for x < (a + 1) / (a + b + 2); I_x(a, b) = 1 − I_{1−x}(b, a) makes every x satisfy this. The relative error
  /// is about 1e-13 for parameters up to some thousands, and 1e-10 up to 1e8.
  static func regularised(_ a: Double, _ b: Double, _ x: Double) -> Double {
    if x.isNaN || a.isNaN || b.isNaN { return .nan }
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - regularised(b, a, 1 - x) }
    let front = exp(
      lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return front * fraction(a, b, x) / a
  }

  /// 1/(1+ d1/(1+ d2/(1+ …))) with the coefficients of DLMF 8.17.22.
  private static func fraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    func safe(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / safe(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...20_000 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / safe(1 + even * d)
      c = safe(1 + even / c)
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / safe(1 + odd * d)
      c = safe(1 + odd / c)
      let change = d * c
      result *= change
      if abs(change - 1) < 1e-15 { break }
    }
    return result
  }

  /// The x with I_x(a, b) = p, by bisection; 200 steps give more digits than a Double has.
  static func inverse(_ a: Double, _ b: Double, _ p: Double) -> Double {
    if p <= 0 { return 0 }
    if p >= 1 { return 1 }
    var low = 0.0
    var high = 1.0
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if middle == low || middle == high { break }
      if regularised(a, b, middle) < p { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }
}
