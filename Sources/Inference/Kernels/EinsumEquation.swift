internal import ONNXGraph

/// A parsed Einstein sum: the label of each axis of each input.
struct EinsumEquation {
  /// A letter, or an axis of the ellipsis; these axes are numbered from the last one.
  enum Label: Hashable {
    case letter(Character)
    case dots(Int)
  }

  /// Axes of the result, and axes that are summed.
  let output: [Label]
  let summed: [Label]
  private let extents: [Label: Int]
  private let inputStrides: [[Label: Int]]

  init(_ text: String, _ inputs: [Tensor]) throws(OperatorError) {
    let compact = text.filter { !$0.isWhitespace }
    let sides = compact.components(around: "->")
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard sides.count <= 2, terms.count == inputs.count else {
      throw Self.wrong(text, "\(inputs.count) terms and at most one '->'")
    }
    var extents: [Label: Int] = [:]
    var counts: [Label: Int] = [:]
    var strides: [[Label: Int]] = []
    var dotsRank = 0
    for (term, input) in zip(terms, inputs) {
      let labels = try Self.labels(term, rank: input.rank, text)
      var own: [Label: Int] = [:]
      for ((label, extent), stride) in zip(zip(labels, input.shape), Layout.strides(input.shape)) {
        counts[label, default: 0] += 1
        if case .dots(let place) = label { dotsRank = max(dotsRank, place + 1) }
        // An extent of 1 broadcasts.
        let known = extents[label] ?? 1
        guard known == extent || known == 1 || extent == 1 else {
          throw Self.wrong(text, "equal extents for one letter")
        }
        extents[label] = max(known, extent == 0 ? 0 : extent)
        if extent == 0 { extents[label] = 0 }
        own[label, default: 0] += extent == 1 ? 0 : stride
      }
      strides.append(own)
    }
    let dots = (0..<dotsRank).reversed().map { Label.dots($0) }
    if sides.count == 2 {
      output = try Self.labels(sides[1], rank: nil, text, dotsRank: dotsRank)
    } else {
      let letters = counts.filter { $0.value == 1 }.keys.compactMap { label -> Character? in
        if case .letter(let letter) = label { letter } else { nil }
      }
      output = dots + letters.sorted().map { Label.letter($0) }
    }
    let wanted = Set(output)
    guard wanted.count == output.count, output.allSatisfy({ extents[$0] != nil }) else {
      throw Self.wrong(text, "letters of the inputs in the result, each once")
    }
    summed = extents.keys.filter { !wanted.contains($0) }.sorted { "\($0)" < "\($1)" }
    self.extents = extents
    inputStrides = strides
  }

  /// The multiply-adds of the equation as matrix products, counted in the usual way: the first two inputs, then their
  /// result with the third input, and so on.
  ///
  /// If only one input has a summed letter, it is summed first, which is not a product. A scaling of elements, as in
  /// `Mul`, is not a product either. The result fits an Int, because the operator has checked the product of all
  /// extents with the budget.
  var multiplyAdds: Int {
    if (output + summed).contains(where: { extent($0) == 0 }) { return 0 }
    let terms = inputStrides.map { Set($0.keys) }
    var total = 0
    var left = terms.first ?? []
    for (place, right) in terms.enumerated().dropFirst() {
      let needed = terms[(place + 1)...].reduce(into: Set(output)) { $0.formUnion($1) }
      let shared = left.intersection(right)
      let kept = left.union(right).intersection(needed)
      let isProduct =
        !shared.subtracting(needed).isEmpty
        || !left.intersection(kept).subtracting(right).isEmpty
          && !right.intersection(kept).subtracting(left).isEmpty
      if isProduct { total += kept.union(shared).reduce(1) { $0 * extent($1) } }
      left = kept
    }
    return total
  }

  func extent(_ label: Label) -> Int { extents[label] ?? 1 }

  /// The strides of an input along `labels`; 0 for a label that the input does not have.
  func strides(_ input: Int, _ labels: [Label]) -> [Int] { labels.map { inputStrides[input][$0] ?? 0 } }

  private static func labels(
    _ term: String, rank: Int?, _ text: String, dotsRank: Int = 0
  ) throws(OperatorError) -> [Label] {
    let parts = term.components(around: "...")
    let letters = parts.joined()
    guard parts.count <= 2, letters.allSatisfy({ $0.isASCII && $0.isLetter }) else {
      throw wrong(text, "letters and at most one '...' in a term")
    }
    let dots = parts.count == 1 ? 0 : (rank.map { $0 - letters.count } ?? dotsRank)
    guard dots >= 0, rank.map({ letters.count + dots == $0 }) ?? true else {
      throw wrong(text, "a letter for each axis")
    }
    return parts[0].map { .letter($0) } + (0..<dots).reversed().map { .dots($0) }
      + (parts.count > 1 ? parts[1].map { .letter($0) } : [])
  }

  private static func wrong(_ text: String, _ expected: String) -> OperatorError {
    OperatorError(expected, found: quoted(text), subject: "attribute 'equation'")
  }
}

extension String {
  /// The parts of the text between occurrences of `separator`, which must not be empty.
  fileprivate func components(around separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
