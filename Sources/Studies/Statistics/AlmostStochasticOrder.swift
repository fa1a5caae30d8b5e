internal import Tensors

/// Almost stochastic order of two samples (del Barrio, Cuesta-Albertos, Matrán 2018; Dror, Shlomov, Reichart 2019).
///
/// ε is computed from the squared Wasserstein distance between the two distributions: it is the share of the quantiles
/// at which the first is worse. It is 0 if the first is better at every quantile, 1 if it is better at none, and ½ if
/// neither is better.
public enum AlmostStochasticOrder {
  /// ε of the samples themselves: ∫ (G⁻¹ − F⁻¹)₊² / ∫ (F⁻¹ − G⁻¹)² over the quantiles, where F belongs to `first`; ½
  /// for equal samples.
  public static func violation(_ first: Sample, _ second: Sample) -> Double {
    violation(first.values.sorted(), second.values.sorted())
  }

  /// Quantile functions of samples are steps, so the integrals are exact sums over the pieces between all steps.
  private static func violation(_ f: [Double], _ g: [Double]) -> Double {
    var worse = 0.0
    var all = 0.0
    let (n, m) = (f.count, g.count)
    var (i, j) = (0, 0)
    // A position counts the steps on the common grid of n · m steps.
    var position = 0
    while position < n * m {
      let next = min((i + 1) * m, (j + 1) * n)
      let difference = f[i] - g[j]
      let part = Double(next - position) * difference * difference
      all += part
      if difference < 0 { worse += part }
      if next == (i + 1) * m { i += 1 }
      if next == (j + 1) * n { j += 1 }
      position = next
    }
    return all == 0 ? 0.5 : worse / all
  }

  /// The upper bound of ε at a level of confidence: ε + √((n + m) / (n·m)) · σ · z, with σ from resamples (Dror et al.,
  /// §4).
  ///
  /// If it is below ½, the first is almost stochastically better. The bound is clamped to 0…1.
  public static func bound(
    _ first: Sample, _ second: Sample, confidence: Double, resamples: Int, seed: UInt64
  ) -> Double {
    let epsilon = violation(first, second)
    var generator = SplitMix64(seed: seed)
    let (n, m) = (Double(first.count), Double(second.count))
    let scale = (n * m / (n + m)).squareRoot()
    var deviations: [Double] = []
    deviations.reserveCapacity(resamples)
    for _ in 0..<resamples {
      let f = draw(first, &generator)
      let g = draw(second, &generator)
      deviations.append(scale * (violation(f, g) - epsilon))
    }
    // The divisor is the number of resamples, not this number minus one, as in the paper's formula.
    let mean = deviations.reduce(0, +) / Double(resamples)
    let variance = deviations.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(resamples)
    let bound = epsilon + variance.squareRoot() / scale * Normal.quantile(confidence)
    return min(1, max(0, bound))
  }

  private static func draw(_ sample: Sample, _ generator: inout SplitMix64) -> [Double] {
    (0..<sample.count).map { _ in sample.values[generator.index(below: sample.count)] }.sorted()
  }
}
