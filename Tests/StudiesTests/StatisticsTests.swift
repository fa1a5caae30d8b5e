import StrictJSON
import Studies
import TestSupport
import Testing

/// Compared with SciPy and NumPy: Tests/Fixtures/statistics/make_golden.py wrote the numbers.
@Suite("Statistics")
struct StatisticsTests {
  private static let golden: JSONObject = {
    guard
      let bytes = try? TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/statistics/golden.json"),
      case .object(let object)? = try? JSONParser().parse(bytes)
    else { return JSONObject() }
    return object
  }()

  private func cases(_ key: String, atLeast count: Int) throws -> [JSONObject] {
    guard case .array(let values)? = Self.golden[key] else { return [] }
    #expect(values.count >= count)
    return values.compactMap { if case .object(let object) = $0 { object } else { nil } }
  }

  private func number(_ value: JSONValue?) -> Double {
    switch value {
    case .integer(let whole)?: Double(whole)
    case .number(let number)?: number
    default: .nan
    }
  }

  private func numbers(_ value: JSONValue?) -> [Double] {
    if case .array(let values)? = value { values.map { number($0) } } else { [] }
  }

  /// Accepts an error of 1e-6, relative for numbers below 1.
  private func agree(_ found: Double?, _ expected: Double, _ what: Comment) {
    guard let found else { return #expect(Bool(false), what) }
    #expect(
      abs(found - expected) <= 1e-6 * min(1, abs(expected)) + 1e-14, "\(what): \(found), not \(expected)")
  }

  @Test("of Student's t and of the normal distribution agree with SciPy")
  func distributions() throws {
    for row in try cases("t", atLeast: 70) {
      let (t, degrees) = (number(row["t"]), number(row["degrees"]))
      agree(StudentT.twoSided(t, degrees: degrees), number(row["p"]), "t \(t), \(degrees)")
      #expect(StudentT.twoSided(-t, degrees: degrees) == StudentT.twoSided(t, degrees: degrees))
    }
    for row in try cases("critical", atLeast: 40) {
      let (alpha, degrees) = (number(row["alpha"]), number(row["degrees"]))
      let expected = number(row["t"])
      agree(StudentT.critical(alpha: alpha, degrees: degrees) / expected, 1, "critical \(alpha), \(degrees)")
    }
    for row in try cases("normal", atLeast: 6) {
      agree(Normal.twoSided(number(row["z"])), number(row["p"]), "normal")
    }
    for row in try cases("quantiles", atLeast: 8) {
      agree(Normal.quantile(number(row["p"])), number(row["z"]), "quantile")
    }
  }

  @Test("of proportions agree with SciPy's exact and Wilson intervals")
  func proportions() throws {
    for row in try cases("proportions", atLeast: 27) {
      let (k, n, confidence) = (Int(number(row["k"])), Int(number(row["n"])), number(row["confidence"]))
      let exact = BinomialInterval.clopperPearson(k, of: n, confidence: confidence)
      let wilson = BinomialInterval.wilson(k, of: n, confidence: confidence)
      for (found, expected) in zip([exact, wilson], [numbers(row["exact"]), numbers(row["wilson"])]) {
        agree(found.low, expected[0], "\(k) of \(n), low")
        agree(found.high, expected[1], "\(k) of \(n), high")
      }
    }
  }

  @Test("of two samples agree with SciPy: t of pairs, Welch, intervals, effect sizes, resamples")
  func pairs() throws {
    var paired = 0
    for (place, row) in try cases("pairs", atLeast: 8).enumerated() {
      let first = try #require(Sample(numbers(row["first"])))
      let second = try #require(Sample(numbers(row["second"])))
      func check(_ test: MeanTest?, _ key: String) {
        let expected = numbers(row[key])
        agree(test?.statistic, expected[0], "\(key) \(place): t")
        agree(test.map { $0.degrees / expected[1] }, 1, "\(key) \(place): degrees")
        agree(test?.pValue, expected[2], "\(key) \(place): p")
        agree(test?.interval.low, expected[3], "\(key) \(place): low")
        agree(test?.interval.high, expected[4], "\(key) \(place): high")
      }
      check(MeanTest.welch(first, second, confidence: 0.95), "welch")
      let seed = UInt64(place)
      let drawn = Bootstrap.difference(
        first, second, isPaired: false, confidence: 0.9, resamples: 200, seed: seed)
      agree(drawn.low, numbers(row["bootstrap"])[0], "bootstrap \(place)")
      agree(drawn.high, numbers(row["bootstrap"])[1], "bootstrap \(place)")
      if row["paired"] != nil {
        paired += 1
        check(MeanTest.paired(first.values, second.values, confidence: 0.95), "paired")
        let drawn = Bootstrap.difference(
          first, second, isPaired: true, confidence: 0.9, resamples: 200, seed: seed)
        agree(drawn.low, numbers(row["paired_bootstrap"])[0], "paired bootstrap \(place)")
        agree(drawn.high, numbers(row["paired_bootstrap"])[1], "paired bootstrap \(place)")
      }
      let interval = first.meanInterval(confidence: 0.95)
      agree(interval?.low, numbers(row["interval"])[0], "interval \(place)")
      agree(interval?.high, numbers(row["interval"])[1], "interval \(place)")
      agree(EffectSize.hedges(first, second), number(row["hedges"]), "hedges \(place)")
      agree(EffectSize.cliff(first, second), number(row["cliff"]), "cliff \(place)")
      agree(AlmostStochasticOrder.violation(first, second), number(row["epsilon"]), "epsilon \(place)")
      agree(
        AlmostStochasticOrder.bound(first, second, confidence: 0.95, resamples: 200, seed: seed),
        number(row["bound"]), "bound \(place)")
    }
    #expect(paired == 5)
  }

  @Test("of many comparisons are corrected as Holm does")
  func holm() throws {
    for row in try cases("holm", atLeast: 5) {
      for (found, expected) in zip(Holm.adjusted(numbers(row["p"])), numbers(row["adjusted"])) {
        agree(found, expected, "holm")
      }
    }
  }

  @Test("of what has no spread, or is one value, are said or are nil")
  func edges() throws {
    #expect(MeanTest.paired([0.5], [0.4], confidence: 0.95) == nil)
    #expect(MeanTest.paired([0.5, 0.6], [0.4], confidence: 0.95) == nil)
    #expect(MeanTest.paired([0.5, 0.6], [0.5, 0.6], confidence: 0.95)?.pValue == 1)
    #expect(MeanTest.paired([3, 5], [2, 4], confidence: 0.95) == nil)
    #expect(MeanTest.paired([0.913, 0.917], [0.912, 0.916], confidence: 0.95) == nil)
    let one = try #require(Sample([0.5]))
    let two = try #require(Sample([0.5, 0.5]))
    #expect(Sample([]) == nil && one.variance == nil && one.meanInterval(confidence: 0.95) == nil)
    #expect(MeanTest.welch(one, two, confidence: 0.95) == nil)
    #expect(MeanTest.welch(two, two, confidence: 0.95)?.pValue == 1)
    #expect(EffectSize.hedges(two, two) == nil && EffectSize.cliff(one, two) == 0)
    #expect(AlmostStochasticOrder.violation(two, two) == 0.5)
    #expect(MeanTest.proportions(1, of: 10, 1, of: 20, confidence: 0.95)?.pValue == 1)
  }

  @Test(
    "of the paper's headline gains are those of its review: none is separable by the test set alone",
    arguments: [(95.1, 94.7, 0.20), (77.3, 76.7, 0.31), (84.1, 83.7, 0.44), (76.9, 76.6, 0.62)])
  func headlines(first: Double, second: Double, p: Double) throws {
    let test = try #require(
      MeanTest.proportions(first / 100, of: 10_000, second / 100, of: 10_000, confidence: 0.95))
    #expect(abs(test.pValue - p) < 0.006, "\(test.pValue)")
    #expect(test.interval.low < 0 && test.interval.high > 0)
  }

  @Test(
    "rounding is no spread, and no difference",
    arguments: [(33.3, 3, 7), (71.7, 3, 7), (99.9, 3, 7), (90.1, 3, 5)])
  func rounding(percent: Double, n: Int, m: Int) throws {
    let value = percent / 100
    let (a, b) = ([Double](repeating: value, count: n), [Double](repeating: value, count: m))
    let (first, second) = (try #require(Sample(a)), try #require(Sample(b)))
    let welch = try #require(MeanTest.welch(first, second, confidence: 0.95))
    #expect(welch.pValue == 1 && welch.statistic == 0 && welch.interval.low == 0 && welch.interval.high == 0)
    #expect(EffectSize.hedges(first, second) == nil)
    // 90.10000000000001 at each seed, compared with 90.1.
    let moved = a.map { $0.nextUp }
    let paired = try #require(MeanTest.paired(moved, a, confidence: 0.95))
    #expect(paired.pValue == 1 && paired.difference == 0)
    let other = try #require(Sample([Double](repeating: value - 0.05, count: n)))
    #expect(MeanTest.welch(first, other, confidence: 0.95) == nil)
    #expect(EffectSize.hedges(first, other) == nil)
  }

  @Test(
    "one of a test set's size beside none is judged exactly",
    arguments: [(1, 1, 1.0), (3, 3, 0.1), (2, 4, 1.0 / 15), (5, 5, 2.0 / 252)])
  func exact(n: Int, m: Int, p: Double) throws {
    for (first, second) in [(1.0, 0.0), (0.0, 1.0)] {
      let test = try #require(MeanTest.proportions(first, of: n, second, of: m, confidence: 0.95))
      #expect(test.kind == .fisher && abs(test.pValue - p) < 1e-12, "\(test.pValue)")
      #expect(test.interval.low <= test.difference && test.interval.high >= test.difference)
      #expect(test.interval.low < test.interval.high)
    }
    let equal = try #require(MeanTest.proportions(1, of: n, 1, of: m, confidence: 0.95))
    #expect(equal.kind == .proportions && equal.pValue == 1)
    let many = try #require(MeanTest.proportions(1, of: 10_000, 0, of: 10_000, confidence: 0.95))
    #expect(many.pValue < 1e-300)
  }
}
