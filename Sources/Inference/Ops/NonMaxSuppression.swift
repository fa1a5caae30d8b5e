internal import ONNXGraph

/// y = the boxes of each sample and class, from the greatest score down, that no chosen one overlaps too much
///
/// A box is left out if its score is at most the score threshold, or if the intersection of it and a chosen one, divided
/// by their union, is above the other threshold; of equal scores, the first box comes first. NaN is
/// no score. boxes: FLOAT, [N, boxes, 4],
/// each y₁, x₁, y₂, x₂ of two opposite corners, or with `center_point_box` 1 (0) the centre's x and y, width and height;
/// scores: FLOAT, [N, classes, boxes]; most boxes of a class: INT64 (0); threshold of overlap: FLOAT (0); threshold of
/// scores: FLOAT (none) → y: INT64, [chosen, 3], each sample, class and box. Source: ONNX `NonMaxSuppression`, versions 10,
/// 11; its text removes only scores below the threshold, its evaluator and ONNX Runtime also the threshold itself.
enum NonMaxSuppression: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let boxes = try call.input(0, type: .float)
    let scores = try call.input(1, type: .float)
    guard boxes.rank == 3, boxes.shape[2] == 4 else {
      throw call.wrong(0, "[N, boxes, 4]", found: shapeText(boxes.shape))
    }
    guard scores.rank == 3, scores.shape[0] == boxes.shape[0], scores.shape[2] == boxes.shape[1] else {
      throw call.wrong(
        1, "[\(boxes.shape[0]), classes, \(boxes.shape[1])]", found: shapeText(scores.shape))
    }
    let (classes, count) = (scores.shape[1], boxes.shape[1])
    let most = min(max(0, try call.integer(2) ?? 0), count)
    let threshold = Float(try call.scalar(3) ?? 0)
    guard threshold >= 0, threshold <= 1 else {
      throw call.wrong(3, "a threshold of 0 to 1", found: "\(threshold)")
    }
    let least = try call.scalar(4).map { Float($0) }
    let isCentred = try call.flag("center_point_box")
    try call.budget.spend(scores.count, 8)
    // The boxes, the scores' order, and the memory that sorting needs.
    let bytes = count * (MemoryLayout<Box>.stride + 32)
    try call.budget.take(bytes: bytes)
    defer { call.budget.release(bytes: bytes) }
    let chosen = try call.make(.int64, [boxes.shape[0] * classes, most, 3])
    let (values, to) = (scores.values(Float.self), chosen.values(Int64.self))
    var found = 0
    for sample in 0..<boxes.shape[0] where most > 0 {
      let corners = boxes.values(Float.self)[(sample * count * 4)..<((sample + 1) * count * 4)]
      let all = (0..<count).map { Box(corners.dropFirst($0 * 4).prefix(4).map(Double.init), isCentred) }
      for number in 0..<classes {
        let start = (sample * classes + number) * count
        let candidates = (0..<count).filter { index in
          let score = values[start + index]
          return !score.isNaN && least.map { score > $0 } ?? true
        }
        let first = found
        for index in candidates.sorted(by: { (-values[start + $0], $0) < (-values[start + $1], $1) }) {
          if found - first == most { break }
          try call.budget.spend(found - first + 1)
          let isFree = (first..<found).allSatisfy {
            all[index].overlap(all[Int(to[$0 * 3 + 2])]) <= threshold
          }
          if !isFree { continue }
          (to[found * 3], to[found * 3 + 1], to[found * 3 + 2]) = (Int64(sample), Int64(number), Int64(index))
          found += 1
        }
      }
    }
    let y = try call.make(.int64, [found, 3])
    StridedCopy.run(y.count, from: chosen, at: 0, to: y, at: 0)
    return [y]
  }
}

/// A rectangle.
private struct Box {
  private let low: (Double, Double)
  private let high: (Double, Double)

  init(_ numbers: [Double], _ isCentred: Bool) {
    let (a, b, c, d) = (numbers[0], numbers[1], numbers[2], numbers[3])
    if isCentred {
      (low, high) = ((a - c / 2, b - d / 2), (a + c / 2, b + d / 2))
    } else {
      (low, high) = ((min(a, c), min(b, d)), (max(a, c), max(b, d)))
    }
  }

  private var area: Double { (high.0 - low.0) * (high.1 - low.1) }

  /// The area of the intersection divided by that of the union; 0 if an area is 0. Rounded to binary32, the type of the
  /// threshold, so that equal numbers are equal.
  func overlap(_ other: Box) -> Float {
    let across = min(high.0, other.high.0) - max(low.0, other.low.0)
    let down = min(high.1, other.high.1) - max(low.1, other.low.1)
    guard across > 0, down > 0, area > 0, other.area > 0 else { return 0 }
    let both = across * down
    return Float(both / (area + other.area - both))
  }
}
