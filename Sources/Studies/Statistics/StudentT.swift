internal import Glibc

/// Student's t distribution.
public enum StudentT {
  /// P(|T| ≥ |t|) with `degrees` degrees of freedom, which need not be an integer; 0 for an infinite t.
  public static func twoSided(_ t: Double, degrees: Double) -> Double {
    if t.isNaN || degrees.isNaN || degrees <= 0 { return .nan }
    if t.isInfinite { return 0 }
    return IncompleteBeta.regularised(degrees / 2, 0.5, degrees / (degrees + t * t))
  }

  /// The t that |T| exceeds with the probability `alpha`.
  public static func critical(alpha: Double, degrees: Double) -> Double {
    let x = IncompleteBeta.inverse(degrees / 2, 0.5, alpha)
    return x <= 0 ? .infinity : (degrees * (1 - x) / x).squareRoot()
  }
}

/// The standard normal distribution.
public enum Normal {
  /// The probability P(|Z| ≥ |z|), from 0 to 1.
  public static func twoSided(_ z: Double) -> Double { erfc(abs(z) / 2.0.squareRoot()) }

  /// The z with P(Z < z) = p, for p in (0, 1), by bisection.
  public static func quantile(_ p: Double) -> Double {
    var low = -40.0
    var high = 40.0
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle == low || middle == high { break }
      if erfc(-middle / 2.0.squareRoot()) / 2 < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
