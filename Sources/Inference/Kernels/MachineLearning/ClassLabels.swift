internal import ONNXGraph

/// The labels of a classifier's classes: texts (`classlabels_strings`) or whole numbers.
struct ClassLabels {
  let type: ElementType
  /// The numbers, or the texts' numbers in the session.
  private let labels: [Int64]

  init(_ call: OperatorCall, integers name: String) throws(OperatorError) {
    if let texts = try call.strings("classlabels_strings"), !texts.isEmpty {
      var numbers: [Int64] = []
      for text in texts { numbers.append(try call.run.strings.number(of: text)) }
      labels = numbers
      type = .string
    } else {
      labels = (try call.ints(name) ?? []).map { Int64($0) }
      type = .int64
      guard !labels.isEmpty else { throw OperatorError("labels of classes", found: "none") }
    }
  }

  var count: Int { labels.count }

  /// A vector of the labels of these classes.
  func tensor(_ call: OperatorCall, _ classes: [Int]) throws(OperatorError) -> Tensor {
    let tensor = try call.make(type, [classes.count])
    for (place, number) in classes.enumerated() { tensor.values(Int64.self)[place] = labels[number] }
    return tensor
  }

  /// The first greatest score's index.
  static func best(_ scores: [Double]) -> Int {
    var best = 0
    for index in scores.indices.dropFirst() where scores[index] > scores[best] { best = index }
    return best
  }
}
