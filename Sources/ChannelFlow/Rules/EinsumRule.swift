internal import Inference
internal import ONNXGraph

/// Einsum: letters of the result continue, and the others are summed over.
enum EinsumRule {
  static func apply(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let shapes = call.inputs.compactMap { $0?.shape }
    guard shapes.count == call.inputs.count, let (terms, output) = terms(call),
      zip(terms, shapes).allSatisfy({ $0.count == $1.count })
    else { return try call.unknownExtents() }
    call.keepsZeros = true
    var extents: [Character: Int] = [:]
    for (term, shape) in zip(terms, shapes) {
      for (letter, extent) in zip(term, shape) where extents[letter, default: 1] == 1 {
        extents[letter] = extent
      }
    }
    try firstLayer(call, terms, output)
    var result = FlowValue(output.map { extents[$0] ?? 1 })
    for letter in extents.keys.sorted() where extents[letter] != 1 {
      let places = terms.indices.compactMap { index -> (index: Int, dimension: Int)? in
        terms[index].firstIndex(of: letter).flatMap { shapes[index][$0] == 1 ? nil : (index, $0) }
      }
      for (index, dimension) in places where call.optional(index)?.constant != nil {
        // A whole weight makes the values with the same letter whole.
        guard try call.labels(index, dimension) == nil else { continue }
        for (other, place) in places {
          call.fix(try call.labels(other, place), "the weights of \(call.node.shown) are whole")
        }
      }
      let labels = try call.together(places)
      try call.selectTogether(places, labels)
      if let dimension = output.firstIndex(of: letter) {
        result.factors += LabelFactor.list(labels, dimension)
      } else {
        for (index, dimension) in places { try call.end(index, dimension) }
      }
    }
    return [result]
  }

  /// The letters of each input and of the result, if each letter occurs once in each and the result is given.
  private static func terms(_ call: FlowCall) -> (terms: [[Character]], output: [Character])? {
    guard let text = call.string("equation") else { return nil }
    let compact = text.filter { !$0.isWhitespace }
    guard let arrow = compact.firstRange(of: "->") else { return nil }
    let output = Array(compact[arrow.upperBound...])
    let terms = compact[..<arrow.lowerBound].split(separator: ",", omittingEmptySubsequences: false).map(
      Array.init)
    let areLetters = (terms + [output]).allSatisfy { list in
      list.allSatisfy { $0.isASCII && $0.isLetter } && Set(list).count == list.count
    }
    let known = Set(terms.joined())
    return areLetters && terms.count == call.inputs.count && output.allSatisfy(known.contains)
      ? (terms, output) : nil
  }

  /// If a weight is multiplied by the network's inputs, makes the labels of its results whole.
  private static func firstLayer(
    _ call: FlowCall, _ terms: [[Character]], _ output: [Character]
  ) throws(FlowError) {
    guard call.inputs.contains(where: { $0?.isRaw == true }), !call.context.options.cutsFirst else { return }
    for index in terms.indices where call.optional(index)?.isConstant == true {
      for (dimension, letter) in terms[index].enumerated() where output.contains(letter) {
        call.fix(try call.labels(index, dimension), "\(call.node.shown) is a first layer")
      }
    }
  }
}
