/// Which layer and direction of a recurrent network a module is: `lstm_l1_reverse` is layer 1 of `lstm`, backwards.
struct RecurrentPlace {
  /// The name that the layers share.
  let stem: Substring
  let layer: Int
  let isReverse: Bool

  /// The place that a module's name ends with; nil for other names.
  init?(_ name: Substring) {
    var rest = Substring(name)
    let reverse = "_reverse"
    isReverse = rest.hasSuffix(reverse)
    if isReverse { rest = rest.dropLast(reverse.count) }
    var stem = rest
    while let digit = stem.last, digit.isASCII, digit.isNumber { stem.removeLast() }
    guard let layer = Int(rest[stem.endIndex...]), stem.hasSuffix("_l") else { return nil }
    self.stem = stem.dropLast(2)
    self.layer = layer
  }
}
