internal import ONNXGraph

/// The decisions between each two classes of an `SVMClassifier`.
struct PairDecisions {
  private let classes: Int
  /// The support vectors of each class.
  private let ranges: [Range<Int>]
  private let coefficients: [Double]
  private let rho: [Double]
  let vectors: Int
  /// How decisions become probabilities; nil without `prob_a` and `prob_b`.
  let coupling: PairCoupling?

  /// The number of pairs.
  let count: Int

  init(
    _ call: OperatorCall, classes: Int, _ sizes: [Int], _ coefficients: [Double], _ rho: [Double]
  ) throws(OperatorError) {
    // ONNX Runtime has the same limit; the number of pairs then fits.
    guard classes < 65_536 else { throw OperatorError("at most 65,535 classes", found: "\(classes)") }
    guard sizes.count == classes, sizes.allSatisfy({ (0...coefficients.count).contains($0) }) else {
      throw call.wrongAttribute(
        "vectors_per_class", "\(classes) numbers of 0 to \(coefficients.count)", found: "others")
    }
    var ranges: [Range<Int>] = []
    for size in sizes {
      ranges.append((ranges.last?.upperBound ?? 0)..<((ranges.last?.upperBound ?? 0) + size))
    }
    vectors = ranges.last?.upperBound ?? 0
    count = classes * (classes - 1) / 2
    let (size, overflow) = (classes - 1).multipliedReportingOverflow(by: vectors)
    guard !overflow, vectors <= coefficients.count, coefficients.count >= size else {
      throw OperatorError(
        "\(classes - 1) coefficients for each of \(vectors) support vectors", found: "\(coefficients.count)")
    }
    guard rho.count >= count else {
      throw call.wrongAttribute("rho", "\(count) numbers", found: "\(rho.count)")
    }
    let (a, b) = (try call.floats("prob_a") ?? [], try call.floats("prob_b") ?? [])
    guard a.count == b.count, a.isEmpty || a.count >= count else {
      throw OperatorError("\(count) numbers in prob_a and in prob_b", found: "\(a.count) and \(b.count)")
    }
    self.classes = classes
    self.ranges = ranges
    self.coefficients = coefficients
    self.rho = rho
    coupling = a.isEmpty ? nil : PairCoupling(a: a, b: b)
  }

  /// The steps for one sample.
  var cost: Int {
    let coupled = coupling == nil ? 0 : classes * classes * PairCoupling.iterations
    return (classes - 1) * vectors + count + coupled + classes
  }

  /// The bytes of the lists for one sample.
  var bytes: Int { 8 * (2 * classes * classes + 4 * classes + 2 * count) }

  /// The decision of each pair, and the number of pairs that each class wins, for the kernel of a sample with every
  /// support vector.
  func decisions(_ kernel: UnsafePointer<Double>) -> (decisions: [Double], votes: [Double]) {
    var decisions: [Double] = []
    var votes = [Double](repeating: 0, count: classes)
    for first in 0..<classes {
      for second in (first + 1)..<max(classes, first + 1) {
        var sum = 0.0
        for vector in ranges[first] { sum += coefficients[(second - 1) * vectors + vector] * kernel[vector] }
        for vector in ranges[second] { sum += coefficients[first * vectors + vector] * kernel[vector] }
        sum += rho[decisions.count]
        decisions.append(sum)
        votes[sum > 0 ? first : second] += 1
      }
    }
    return (decisions, votes)
  }
}

/// Probabilities of classes from decisions between pairs: the second method of Wu, Lin and Weng, "Probability estimates
/// for multi-class classification by pairwise coupling" (2004), as in LIBSVM.
struct PairCoupling {
  /// Platt's parameters of each pair.
  let a: [Double]
  let b: [Double]

  static let iterations = 100

  func probabilities(_ decisions: [Double], classes: Int) -> [Double] {
    // r[i, j]: the probability of i if it is i or j.
    var r = [Double](repeating: 0, count: classes * classes)
    var pair = 0
    for i in 0..<classes {
      for j in (i + 1)..<max(classes, i + 1) {
        let value = 1 - ScoreTransform.logistic(decisions[pair] * a[pair] + b[pair])
        r[i * classes + j] = value.clamped(1e-7, 1 - 1e-7)
        r[j * classes + i] = 1 - r[i * classes + j]
        pair += 1
      }
    }
    // p minimises pᵀ Q p, where Q[i, i] = Σ r[j, i]² and Q[i, j] = −r[j, i] · r[i, j].
    var q = [Double](repeating: 0, count: classes * classes)
    for i in 0..<classes {
      for j in 0..<classes where j != i {
        let (mine, other) = (r[i * classes + j], r[j * classes + i])
        q[i * classes + i] += other * other
        q[i * classes + j] = -other * mine
      }
    }
    return Self.minimum(q, classes)
  }

  private static func minimum(_ q: [Double], _ classes: Int) -> [Double] {
    var p = [Double](repeating: 1 / Double(classes), count: classes)
    for _ in 0..<iterations {
      var qp = (0..<classes).map { i in (0..<classes).reduce(0.0) { $0 + q[i * classes + $1] * p[$1] } }
      var pqp = zip(p, qp).reduce(0.0) { $0 + $1.0 * $1.1 }
      if qp.allSatisfy({ ($0 - pqp).magnitude < 0.005 / Double(classes) }) { break }
      for i in 0..<classes {
        let step = (pqp - qp[i]) / q[i * classes + i]
        p[i] += step
        pqp = (pqp + step * (step * q[i * classes + i] + 2 * qp[i])) / (1 + step) / (1 + step)
        for j in 0..<classes {
          qp[j] = (qp[j] + step * q[i * classes + j]) / (1 + step)
          p[j] /= 1 + step
        }
      }
    }
    return p
  }
}
