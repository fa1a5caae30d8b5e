internal import Tensors

extension SplitMix64 {
  /// A number from 0..<count. It is the high half of a 64 × 64-bit product, so that other programs can reproduce it.
  mutating func index(below count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }
}

/// Bootstrap intervals: percentiles of the statistic over resamples.
public enum Bootstrap {
  /// The interval of the difference of means, first minus second.
  ///
  /// Paired values are drawn by seed, so that both methods keep the effects of their common seed. Percentiles are
  /// linear between the order statistics, as in NumPy.
  ///
  /// - Parameter isPaired: whether both have values for the same seeds; they must then have the same number of values.
  public static func difference(
    _ first: Sample, _ second: Sample, isPaired: Bool, confidence: Double, resamples: Int, seed: UInt64
  ) -> Interval {
    var generator = SplitMix64(seed: seed)
    var differences: [Double] = []
    differences.reserveCapacity(resamples)
    for _ in 0..<resamples {
      if isPaired {
        var sum = 0.0
        for _ in 0..<first.count {
          let drawn = generator.index(below: first.count)
          sum += first.values[drawn] - second.values[drawn]
        }
        differences.append(sum / Double(first.count))
      } else {
        differences.append(mean(first, &generator) - mean(second, &generator))
      }
    }
    differences.sort()
    let tail = (1 - confidence) / 2
    return Interval(low: quantile(differences, tail), high: quantile(differences, 1 - tail))
  }

  private static func mean(_ sample: Sample, _ generator: inout SplitMix64) -> Double {
    var sum = 0.0
    for _ in 0..<sample.count { sum += sample.values[generator.index(below: sample.count)] }
    return sum / Double(sample.count)
  }

  /// A quantile of sorted values, linear between them.
  static func quantile(_ sorted: [Double], _ p: Double) -> Double {
    guard let last = sorted.last else { return .nan }
    let place = p * Double(sorted.count - 1)
    let low = Int(place)
    guard low + 1 < sorted.count else { return last }
    return sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low])
  }
}
