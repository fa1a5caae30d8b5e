internal import ONNXGraph

/// The positions of new vectors in the cache of a `GroupQueryAttention`, for each sample.
struct CacheSpans: Sendable {
  /// The vectors before the new ones.
  let past: [Int]
  /// The new vectors that are used.
  let new: [Int]
  /// The greatest number of vectors of a sample.
  let greatest: Int
  /// Whether nothing is in the cache: all positions of a sample are new.
  let isFirst: Bool

  /// Reads inputs 5, 6 and 16; each sample has `new` vectors, and a cache for `capacity`.
  init(_ call: OperatorCall, samples: Int, new length: Int, capacity: Int) throws(OperatorError) {
    guard let total = try call.integers(6), total.count == 1, total[0] >= 0 else {
      throw call.wrong(6, "one number of 0 or more", found: "another")
    }
    let last = try call.input(5)
    guard last.count == samples, last.type == .int32 else {
      throw call.wrong(5, "\(samples) I32", found: "\(last.type.name) \(shapeText(last.shape))")
    }
    let used = try call.integers(16)
    if let used, used.count != samples { throw call.wrong(16, "\(samples) numbers", found: "\(used.count)") }
    var (past, new): ([Int], [Int]) = ([], [])
    for (sample, index) in last.values(Int32.self).prefix(samples).enumerated() {
      let count = Int(index) + 1
      guard count >= 1, count <= total[0] else {
        throw call.wrong(5, "numbers of 0 to \(total[0] - 1)", found: "\(index)")
      }
      let own = used?[sample] ?? min(length, count)
      guard own >= 0, own <= min(length, count) else {
        throw call.wrong(16, "numbers of 0 to \(min(length, count))", found: "\(own)")
      }
      guard count - own <= capacity else {
        throw call.wrong(5, "at most \(capacity) earlier positions, as in the cache", found: "\(count - own)")
      }
      past.append(count - own)
      new.append(own)
    }
    (self.past, self.new, greatest) = (past, new, total[0])
    isFirst = used == nil && length == total[0]
  }

  /// The keys of a query: all, or those to its own position, or with a window of 0 or more the last of these.
  func visible(isCausal: Bool, window: Int) -> @Sendable (Int, Int) -> Range<Int> {
    { sample, query in
      let position = past[sample] + query
      let count = past[sample] + new[sample]
      let end = isCausal ? min(count, position + 1) : count
      let first = isCausal && window >= 0 ? max(0, position + 1 - min(window, position + 1)) : 0
      return min(first, end)..<end
    }
  }
}
