/// The layer and direction of a module of a recurrent network: `lstm_l1_reverse` is layer 1 of `lstm`, backwards.
struct RecurrentPlace {
  /// The name that the layers share.
  let stem: Substring
  let layer: Int
  let isReverse: Bool

  /// Parses the end of a module's name; nil if it gives no layer.
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
