internal import Glibc
internal import ONNXGraph

/// `post_transform`: how a row of scores is changed at the end.
///
/// A single score is changed only by PROBIT, as in ONNX Runtime.
enum ScoreTransform: String, CaseIterable {
  case none = "NONE"
  case softmax = "SOFTMAX"
  case logistic = "LOGISTIC"
  case softmaxZero = "SOFTMAX_ZERO"
  case probit = "PROBIT"

  init(_ call: OperatorCall) throws(OperatorError) {
    let word = try call.word("post_transform", Self.allCases.map(\.rawValue), default: "NONE")
    self = Self(rawValue: word) ?? .none
  }

  func apply(_ scores: inout [Double]) {
    if scores.count == 1, self != .probit { return }
    switch self {
    case .none: return
    case .logistic: for index in scores.indices { scores[index] = Self.logistic(scores[index]) }
    case .probit: for index in scores.indices { scores[index] = Self.probit(scores[index]) }
    case .softmax: Self.softmax(&scores, keepsZeros: false)
    case .softmaxZero: Self.softmax(&scores, keepsZeros: true)
    }
  }

  /// The scores of two classes, of which the model gives only the second: the first is 1 − s if s is a probability, else
  /// −s. Softmax would change their meaning, and does not apply.
  func pair(_ score: Double, isProbability: Bool) -> [Double] {
    let first = isProbability ? 1 - score : -score
    return switch self {
    case .none, .softmax, .softmaxZero: [first, score]
    case .logistic: [Self.logistic(-score), Self.logistic(score)]
    case .probit: [Self.probit(first), Self.probit(score)]
    }
  }

  static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// √2 · erf⁻¹(2p − 1), with the approximation of erf⁻¹ by Winitzki (2008) that ONNX Runtime and ONNX's reference use;
  /// its relative error is below 0.002.
  private static func probit(_ p: Double) -> Double {
    let x = 2 * p - 1
    let log = log((1 - x) * (1 + x))
    let middle = 2 / (Double.pi * 0.147) + log / 2
    let magnitude = ((middle * middle - log / 0.147).squareRoot() - middle).squareRoot()
    return 2.0.squareRoot() * (x < 0 ? -magnitude : magnitude)
  }

  /// exp(xᵢ) / Σ exp(xⱼ). With `keepsZeros`, scores within 1e-7 of zero become 0 and do not count.
  private static func softmax(_ scores: inout [Double], keepsZeros: Bool) {
    let greatest = scores.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
    var sum = 0.0
    for index in scores.indices {
      let isZero = keepsZeros && scores[index].magnitude <= 1e-7
      scores[index] = isZero ? 0 : exp(scores[index] - greatest)
      sum += scores[index]
    }
    for index in scores.indices { scores[index] /= sum }
  }
}
