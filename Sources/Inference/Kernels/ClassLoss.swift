internal import ONNXGraph

/// The loss of `NegativeLogLikelihoodLoss` and `SoftmaxCrossEntropyLoss`.
enum ClassLoss {
  /// loss[n, d…] = −weight[c] · logs[n, c, d…] with c = labels[n, d…], and 0 where c is `ignore_index`.
  ///
  /// logs: DOUBLE [N, C, d…]; input 1 has the labels, input 2 the weights, [C] (default: ones). With `reduction` none
  /// the result has the labels' shape; it is a scalar for sum, and for mean (the default), which divides by the sum of the
  /// weights of all labels that are not ignored.
  static func evaluate(
    _ call: OperatorCall, _ logs: Tensor, as type: ElementType
  ) throws(OperatorError) -> Tensor {
    let reduction = try call.word("reduction", ["none", "mean", "sum"], default: "mean")
    let classes = try classes(call, logs)
    let labels = try labels(call, logs, classes: classes)
    let weights = call.optional(2) == nil ? nil : try call.reals(2, count: classes)
    let ignored = try call.int("ignore_index")
    let losses = try call.make(.double, labels.shape)
    let (from, to, label) = (logs.values(Double.self), losses.values(Double.self), labels.values(Int64.self))
    let inner = logs.shape[2...].product
    try call.budget.spend(losses.count)
    var (sum, total) = (0.0, 0.0)
    for place in 0..<losses.count {
      let number = Int(label[place])
      if number == ignored {
        to[place] = 0
        continue
      }
      guard number >= 0, number < classes else {
        throw call.wrong(1, "labels of 0 to \(classes - 1)", found: "\(number)")
      }
      let weight = weights?[number] ?? 1
      to[place] = -weight * from[(place / inner * classes + number) * inner + place % inner]
      sum += to[place]
      total += weight
    }
    if reduction == "none" { return try Casting.cast(call, losses, to: type) }
    let y = try call.make(.double, [])
    y.values(Double.self)[0] = reduction == "mean" ? sum / total : sum
    return try Casting.cast(call, y, to: type)
  }

  /// The number of classes of [N, C, d…].
  static func classes(_ call: OperatorCall, _ x: Tensor) throws(OperatorError) -> Int {
    guard x.rank >= 2 else { throw call.wrong(0, "samples and classes", found: shapeText(x.shape)) }
    return x.shape[1]
  }

  private static func labels(
    _ call: OperatorCall, _ logs: Tensor, classes: Int
  ) throws(OperatorError) -> Tensor {
    let labels = try call.input(1)
    guard labels.type == .int64 || labels.type == .int32 else {
      throw call.wrong(1, "I32 or I64 elements", found: labels.type.name)
    }
    var shape = logs.shape
    shape.remove(at: 1)
    guard labels.shape == shape else {
      throw call.wrong(1, "the shape \(shapeText(shape))", found: shapeText(labels.shape))
    }
    return try Casting.cast(call, labels, to: .int64)
  }
}
