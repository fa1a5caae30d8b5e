internal import Glibc
internal import Inference
internal import Tensors

/// The loss of outputs, given labels: cross-entropy for class numbers, logistic loss for labels 0 and 1 of the output's
/// shape, integers or not, and mean squared error for other numbers.
///
/// Classes are on dimension 1 of the output, as in PyTorch, or on the last one if only that fits. Labels of −100 are
/// ignored, as in PyTorch. Outputs of a Softmax or Sigmoid are probabilities, all others logits.
struct TaskLoss {
  /// The sum of the losses, and the number of labels.
  private(set) var sum = 0.0
  private(set) var count = 0
  /// The name of the loss; nil before any was added.
  private(set) var kind: String?

  /// The mean loss; infinite if an output was not finite.
  var mean: Double { count == 0 ? 0 : sum.isFinite ? sum / Double(count) : .infinity }

  /// Adds the losses of some samples.
  ///
  /// - Parameters:
  ///   - labels: the elements of `shape`, as numbers.
  ///   - areNumbers: whether they are not classes.
  ///   - areBinary: whether all labels of the task, not only these, are 0, 1 or −100.
  ///   - operation: the operator that computed the output.
  ///
  /// Throws a description of what was expected and found.
  mutating func add(
    _ output: Inference.Tensor, labels: [Double], shape: [Int], areNumbers: Bool, areBinary: Bool,
    operation: String?
  ) throws(Mismatch) {
    guard let values = output.reals else {
      throw Mismatch(expected: "an output of real numbers", found: "\(output.type)")
    }
    if areNumbers, !areBinary || Self.trimmed(output.shape) != Self.trimmed(shape) {
      kind = "squared error"
      guard values.count == labels.count else {
        throw Mismatch(expected: "labels of the output's shape \(output.shape)", found: "\(shape)")
      }
      sum += zip(values, labels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      count += labels.count
      return
    }
    let trimmed = Self.trimmed(shape)
    if Self.trimmed(output.shape) == trimmed {
      kind = "logistic"
      try addLogistic(values, labels, areProbabilities: operation == "Sigmoid")
      return
    }
    guard
      let dimension = [1, output.shape.count - 1].first(where: { dimension in
        guard output.shape.indices.contains(dimension), dimension > 0 else { return false }
        var rest = output.shape
        rest.remove(at: dimension)
        return Self.trimmed(rest) == trimmed
      })
    else {
      throw Mismatch(
        expected: "a label for each sample of the output, whose shape is \(output.shape)",
        found: "labels of shape \(shape)")
    }
    kind = "cross-entropy"
    let classes = output.shape[dimension]
    let stride = output.shape[(dimension + 1)...].reduce(1, *)
    for (place, label) in labels.enumerated() where label != -100 {
      guard label >= 0, label < Double(classes), label == label.rounded() else {
        throw Mismatch(expected: "labels from 0 to \(classes - 1)", found: "\(label)")
      }
      let start = place / stride * stride * classes + place % stride
      func value(_ number: Int) -> Double { values[start + number * stride] }
      let own = value(Int(label))
      if operation == "Softmax" {
        sum -= log(max(own, Self.leastProbability))
      } else {
        let greatest = (0..<classes).reduce(-Double.infinity) { max($0, value($1)) }
        sum += greatest + log((0..<classes).reduce(0) { $0 + exp(value($1) - greatest) }) - own
      }
      count += 1
    }
  }

  private mutating func addLogistic(
    _ values: [Double], _ labels: [Double], areProbabilities: Bool
  ) throws(Mismatch) {
    for (value, label) in zip(values, labels) where label != -100 {
      guard label == 0 || label == 1 else {
        throw Mismatch(expected: "labels 0 and 1 for an output of their shape", found: "\(label)")
      }
      if areProbabilities {
        sum -= log(max(label == 1 ? value : 1 - value, Self.leastProbability))
      } else {
        let signed = label == 1 ? -value : value
        sum += max(signed, 0) + log1p(exp(-abs(signed)))
      }
      count += 1
    }
  }

  /// A probability that is 0 in binary32 is at most this one; its logarithm is finite.
  private static let leastProbability = Double(Float.leastNormalMagnitude)

  /// The shape without extents of 1 after the first dimension.
  private static func trimmed(_ shape: [Int]) -> [Int] {
    shape.prefix(1) + shape.dropFirst().filter { $0 != 1 }
  }

  /// Labels that do not fit the output.
  struct Mismatch: Error {
    let expected: String
    let found: String
  }
}
