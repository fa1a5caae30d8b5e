internal import ONNXGraph

/// y = x without `stopwords`, in lowercase or uppercase as `case_change_action` says (NONE, LOWER, UPPER)
///
/// x: text, [c] or [1, c] → y: text, [k] or [1, k]; one empty text if no element remains. Stop words are compared
/// without case unless `is_case_sensitive` is 1. Case changes scalar by scalar and does not depend on `locale`, except
/// that Turkish and Azerbaijani, which have other letters i, are refused. Source: ONNX `StringNormalizer`, version 10.
enum StringNormalizer: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, type: .string)
    guard x.rank == 1 || (x.rank == 2 && x.shape[0] == 1) else {
      throw call.wrong(0, "the shape [c] or [1, c]", found: shapeText(x.shape))
    }
    let action = try call.word("case_change_action", ["NONE", "LOWER", "UPPER"], default: "NONE")
    if let locale = try call.string("locale"), locale.hasPrefix("tr") || locale.hasPrefix("az") {
      throw OperatorError(
        "a locale with the letters i and I", found: quoted(locale), subject: "attribute 'locale'",
        kind: .unsupported)
    }
    let isSensitive = try call.flag("is_case_sensitive")
    func cased(_ text: String, _ action: String) -> String {
      switch action {
      case "LOWER": text.mapped(\.simpleLowercase)
      case "UPPER": text.mapped(\.simpleUppercase)
      default: text
      }
    }
    let strings = call.run.strings
    let compared = isSensitive ? "NONE" : action == "UPPER" ? "UPPER" : "LOWER"
    var stopwords: Set<Int64> = []
    for word in try call.strings("stopwords") ?? [] {
      try call.budget.spend(word.utf8.count)
      stopwords.insert(try strings.number(of: cased(word, compared)))
    }
    let kept = try call.make(.int64, [x.count])
    let numbers = kept.values(Int64.self)
    var count = 0
    for number in x.values(Int64.self).prefix(x.count) {
      let text = strings.text(number)
      try call.budget.spend(text.utf8.count)
      if !stopwords.isEmpty, stopwords.contains(try strings.number(of: cased(text, compared))) { continue }
      numbers[count] = action == "NONE" ? number : try strings.number(of: cased(text, action))
      count += 1
    }
    if count == 0 {
      let empty = try call.make(.string, x.rank == 1 ? [1] : [1, 1])
      empty.values(Int64.self)[0] = 0
      return [empty]
    }
    let y = try call.make(.string, x.rank == 1 ? [count] : [1, count])
    StridedCopy.run(count, from: kept, at: 0, to: y, at: 0)
    return [y]
  }
}
