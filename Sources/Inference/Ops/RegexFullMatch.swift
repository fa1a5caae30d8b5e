internal import ONNXGraph

/// y = whether the whole of x matches the regular expression `pattern`
///
/// x: text → y: BOOL, x's shape. The syntax is RE2's (`PatternParser`); `\C`, a single byte, is refused. A text takes at
/// most as many steps as its scalars times those of the expression. Source: ONNX `RegexFullMatch`, version 20.
enum RegexFullMatch: Operator {
  static var since: Int { 20 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, type: .string)
    guard let text = try call.string("pattern") else { throw call.wrongAttribute("pattern", "text") }
    var reserved = text.utf8.count * 64
    try call.budget.take(bytes: reserved)
    defer { call.budget.release(bytes: reserved) }
    try call.budget.spend(text.utf8.count, 8)
    let pattern = try PatternParser.pattern(text, call.budget)
    let bytes = pattern.steps.count * 64
    try call.budget.take(bytes: bytes)
    reserved += bytes
    let y = try call.make(.bool, x.shape)
    let (from, to) = (x.values(Int64.self), y.values(UInt8.self))
    for place in 0..<x.count {
      let text = call.run.strings.text(from[place])
      try call.budget.spend(text.unicodeScalars.count + 1, pattern.cost)
      to[place] = pattern.matches(text) ? 1 : 0
    }
    return [y]
  }
}
