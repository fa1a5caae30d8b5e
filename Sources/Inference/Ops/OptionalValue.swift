internal import ONNXGraph

/// o = an optional with the element x, or without one if x is left out
///
/// x: a tensor or a sequence; `type`: the declared type of the element, required without x → o: an optional. Source: ONNX
/// `Optional`, versions 15, 28.
enum OptionalValue: ValueOperator {
  static var name: String { "Optional" }
  static var since: Int { 15 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    var type: ValueType?
    switch call.node.attributes["type"] {
    case .type(let given)?: type = given
    case nil: break
    default: throw call.wrongAttribute("type", "a type")
    }
    guard let value = call.value(0) else {
      guard type != nil else { throw OperatorError("an input or a type", found: "neither") }
      return [.empty]
    }
    if let (expected, found) = try type?.disagreement(value) { throw call.wrong(0, expected, found: found) }
    return [value]
  }
}
