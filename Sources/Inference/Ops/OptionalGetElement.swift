/// x = the element of an optional
///
/// o: an optional with an element; since version 18 also a tensor or a sequence, which is its own element → x: the
/// element. Source: ONNX `OptionalGetElement`, versions 15, 18, 28.
enum OptionalGetElement: ValueOperator {
  static var since: Int { 15 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let value = try call.required(0)
    if case .empty = value { throw call.wrong(0, "an optional with an element", found: value.words) }
    return [value]
  }
}
