/// SplitMix64 (Steele, Lea, Flood 2014): the same resamples from the same seed on every machine.
public struct StudyGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator with this seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

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
    var generator = StudyGenerator(seed: seed)
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

  private static func mean(_ sample: Sample, _ generator: inout StudyGenerator) -> Double {
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
