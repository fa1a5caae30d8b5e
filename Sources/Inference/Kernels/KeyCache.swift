internal import ONNXGraph

/// Keys or values with those of earlier runs in front of them.
enum KeyCache {
  /// Writes the vectors of the cache to `target`, which has room for them, and the new ones after the first `past`.
  static func join(
    _ cache: HeadVectors?, past: Int, _ new: HeadVectors, to target: HeadVectors, samples: Int
  ) throws(OperatorError) {
    try cache?.write(cache?.length ?? 0, to: target, samples: 0..<samples)
    try new.write(new.length, to: target, at: past, samples: 0..<samples)
  }

  /// The number of vectors of the cache that are used: all, or the number in an input if the cache is a buffer in which
  /// the new vectors have room, too.
  static func used(
    _ call: OperatorCall, capacity: Int, new: Int, in index: Int, isBuffer: Bool
  ) throws(OperatorError) -> Int {
    guard isBuffer else { return capacity }
    guard let past = try call.integers(index), past.count == 1, past[0] >= 0, past[0] <= capacity - new else {
      throw call.wrong(index, "one length of 0 to \(capacity - new)", found: "another")
    }
    return past[0]
  }
}

extension Tensor {
  /// Replaces each −∞ of F32 scores, as ONNX Runtime shows scores that are left out.
  func replacingExcluded(by number: Float) -> Tensor {
    let values = self.values(Float.self)
    for index in 0..<count where values[index] == -.infinity { values[index] = number }
    return self
  }
}
