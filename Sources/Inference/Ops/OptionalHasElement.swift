/// y = whether an optional has an element
///
/// o: an optional; since version 18 also a tensor or a sequence, or left out → y: BOOL, a scalar. Source: ONNX
/// `OptionalHasElement`, versions 15, 18, 28.
enum OptionalHasElement: ValueOperator {
  static var since: Int { 15 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let value = call.opset < 18 ? try call.required(0) : call.value(0)
    var hasElement = value != nil
    if case .empty? = value { hasElement = false }
    return [.tensor(try call.make(scalar: hasElement))]
  }
}
