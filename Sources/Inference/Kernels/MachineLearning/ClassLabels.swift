internal import ONNXGraph

/// The labels of a classifier's classes: texts (`classlabels_strings`) or whole numbers.
struct ClassLabels {
  /// A vector of text or INT64.
  private let labels: Tensor

  init(_ call: OperatorCall, integers name: String) throws(OperatorError) {
    if let texts = try call.strings("classlabels_strings"), !texts.isEmpty {
      labels = try call.make(texts: texts)
    } else {
      labels = try call.make(try call.ints(name) ?? [])
      guard labels.count > 0 else { throw OperatorError("labels of classes", found: "none") }
    }
  }

  var count: Int { labels.count }

  /// A vector of the labels of these classes.
  func tensor(_ call: OperatorCall, _ classes: [Int]) throws(OperatorError) -> Tensor {
    let (places, result) = (try call.make(classes), try call.make(labels.type, [classes.count]))
    StridedCopy.pick(places.values(Int64.self), count: classes.count, from: labels, to: result)
    return result
  }

  /// The index of the first greatest score.
  static func best(_ scores: [Double]) -> Int {
    var best = 0
    for index in scores.indices.dropFirst() where scores[index] > scores[best] { best = index }
    return best
  }
}
