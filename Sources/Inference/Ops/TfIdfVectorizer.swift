internal import ONNXGraph

/// y[n, j] = the number of times that an n-gram whose index is j occurs in row n of x
///
/// x: INT32, INT64 or text, [c] or [n, c] → y: FLOAT, [k] or [n, k], where k is the greatest of `ngram_indexes` and 1.
/// The n-grams are in `pool_int64s` or `pool_strings`, ordered by length; those of length l begin at
/// `ngram_counts`[l − 1], and the i-th of all has the index `ngram_indexes`[i]. Only lengths of `min_gram_length` to
/// `max_gram_length` count. The elements of an n-gram are 1 to `max_skip_count` + 1 apart in x, all by the same
/// distance; single elements count once. `mode`: TF counts, TFIDF counts times the n-gram's weight (`weights`; 1), IDF
/// the weight if there is any. Source: ONNX `TfIdfVectorizer`, version 9.
enum TfIdfVectorizer: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank == 1 || x.rank == 2 else {
      throw call.wrong(0, "one or two dimensions", found: shapeText(x.shape))
    }
    guard [.int32, .int64, .string].contains(x.type) else {
      throw call.wrong(0, "I32, I64 or text elements", found: x.type.name)
    }
    let mode = try call.word("mode", ["TF", "IDF", "TFIDF"], default: "")
    let table = try GramTable(call, isText: x.type == .string)
    let skips = try call.int("max_skip_count") ?? 0
    guard skips >= 0 else { throw call.wrongAttribute("max_skip_count", "0 or more", found: "\(skips)") }
    let (rows, length) = (x.rank == 1 ? 1 : x.shape[0], x.shape[x.rank - 1])
    let y = try call.make(.float, x.shape.dropLast() + [table.width])
    let to = y.values(Float.self)
    to.update(repeating: 0)
    // Elements of an n-gram that are further apart than the row is long are never in it.
    let farthest = min(skips, length) + 1
    try call.budget.spend(rows, length, farthest, table.lengths.upperBound, 8)
    let elements = x.type == .string ? x : try Casting.cast(call, x, to: .int64)
    let numbers = elements.values(Int64.self)
    for row in 0..<rows {
      func add(_ gram: Int) {
        let place = row * table.width + table.indices[gram]
        let weight = mode == "TF" ? 1 : table.weights.map { Float($0[gram]) } ?? 1
        to[place] = mode == "IDF" ? weight : to[place] + weight
      }
      for distance in 1...farthest {
        for start in 0..<length {
          // Nodes of the table on the way of this n-gram.
          var node = 0
          for size in 1...table.lengths.upperBound {
            let place = start + (size - 1) * distance
            guard place < length,
              let next = table.next[GramTable.Edge(node: node, element: numbers[row * length + place])]
            else { break }
            node = next
            // Single elements do not depend on the distance.
            guard size > 1 || distance == 1, table.lengths.contains(size), let gram = table.grams[node] else {
              continue
            }
            add(gram)
          }
        }
      }
    }
    return [y]
  }
}

/// The n-grams of `TfIdfVectorizer` as a tree: each edge is one element.
private struct GramTable {
  struct Edge: Hashable {
    let node: Int
    let element: Int64
  }

  let lengths: ClosedRange<Int>
  let indices: [Int]
  let weights: [Double]?
  /// The number of columns.
  let width: Int
  private(set) var next: [Edge: Int] = [:]
  /// The n-gram that ends at a node.
  private(set) var grams: [Int: Int] = [:]

  init(_ call: OperatorCall, isText: Bool) throws(OperatorError) {
    let starts = try call.ints("ngram_counts") ?? []
    guard let least = try call.int("min_gram_length"), let most = try call.int("max_gram_length"), least >= 1,
      least <= most, most <= starts.count
    else {
      throw OperatorError(
        "lengths of n-grams of 1 to \(starts.count), for which there are counts", found: "others")
    }
    lengths = least...most
    indices = try call.ints("ngram_indexes") ?? []
    guard let greatest = indices.max(), indices.allSatisfy({ (0..<1 << 40).contains($0) }) else {
      throw call.wrongAttribute("ngram_indexes", "indices of 0 or more", found: "others")
    }
    width = greatest + 1
    let weights = try call.floats("weights")
    self.weights = weights?.isEmpty == true ? nil : weights
    guard (weights ?? []).isEmpty || weights?.count == indices.count else {
      throw call.wrongAttribute("weights", "\(indices.count) numbers", found: "\(weights?.count ?? 0)")
    }
    let pool = try Self.pool(call, isText: isText)
    try call.budget.spend(pool.count, KeyPlaces.cost)
    // An edge and its node in two dictionaries.
    try call.budget.take(bytes: pool.count * 128)
    defer { call.budget.release(bytes: pool.count * 128) }
    var gram = 0
    var nodes = 1
    for (number, start) in starts.enumerated() {
      let (size, end) = (number + 1, number + 1 < starts.count ? starts[number + 1] : pool.count)
      guard start >= 0, start <= end, end <= pool.count, (end - start) % size == 0 else {
        throw OperatorError(
          "whole n-grams in a pool of \(pool.count)", found: "others", subject: "attribute 'ngram_counts'")
      }
      for first in stride(from: start, to: end, by: size) {
        var node = 0
        for element in pool[first..<(first + size)] {
          let edge = Edge(node: node, element: element)
          if let known = next[edge] {
            node = known
          } else {
            next[edge] = nodes
            node = nodes
            nodes += 1
          }
        }
        guard gram < indices.count else {
          throw OperatorError("an index for each n-gram", found: "\(indices.count)")
        }
        grams[node] = gram
        gram += 1
      }
    }
  }

  private static func pool(_ call: OperatorCall, isText: Bool) throws(OperatorError) -> [Int64] {
    guard isText else {
      guard let numbers = try call.ints("pool_int64s") else {
        throw call.wrongAttribute("pool_int64s", "whole numbers, as in the input")
      }
      return numbers.map { Int64($0) }
    }
    guard let texts = try call.strings("pool_strings") else {
      throw call.wrongAttribute("pool_strings", "texts, as in the input")
    }
    return Array(try call.make(texts: texts).values(Int64.self).prefix(texts.count))
  }
}
