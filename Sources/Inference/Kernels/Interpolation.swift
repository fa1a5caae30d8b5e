/// The weight of an element at a distance from the point of interpolation.
enum Interpolation {
  static func linear(_ distance: Double) -> Double { max(0, 1 - distance.magnitude) }

  /// The cubic kernel of Keys (1981), whose slope at distance 1 is `a`.
  static func cubic(_ distance: Double, _ a: Double) -> Double {
    let t = distance.magnitude
    if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
  }
}
