internal import ONNXGraph

/// y = the value of the key x, or the default
///
/// x: the keys' type, any shape → y: the values' type, x's shape. Keys and values are lists of equal length in
/// `keys_…` and `values_…` (strings, int64s, floats, and since version 4 tensor); the default is in `default_…`
/// ("_Unused", −1, −0). Every NaN is the same key. Of equal keys, the last counts since version 4, before this the
/// first. Version 1: x is text, and y its place in `classes_strings`, or x is a place and y the text. Source: ONNX
/// `LabelEncoder`, ai.onnx.ml versions 1, 2, 4.
enum LabelEncoder: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let keys: Tensor
    let values: Tensor
    if call.opset < 2 {
      let texts = try call.make(texts: try call.strings("classes_strings") ?? [])
      let places = try call.make(Array(0..<texts.count))
      (keys, values) = x.type == .string ? (texts, places) : (places, texts)
    } else {
      (keys, values) = (try list(call, "keys"), try list(call, "values"))
    }
    guard keys.count == values.count else {
      throw OperatorError("a value for each of \(keys.count) keys", found: "\(values.count)")
    }
    let other = try fallback(call, values.type)
    let places = try KeyPlaces(call, keys, takesLast: call.opset != 2 && call.opset != 3).places(call, of: x)
    return [try call.picked(values, at: places, else: other)]
  }

  private static func list(_ call: OperatorCall, _ name: String) throws(OperatorError) -> Tensor {
    var found: [Tensor] = []
    if let texts = try call.strings(name + "_strings") { found.append(try call.make(texts: texts)) }
    if let numbers = try call.ints(name + "_int64s") { found.append(try call.make(numbers)) }
    if let numbers = try call.floats(name + "_floats") { found.append(try call.make(floats: numbers)) }
    if call.opset >= 4, let tensor = try call.tensor(name + "_tensor") { found.append(tensor) }
    guard found.count == 1, let list = found.first else {
      throw OperatorError("one attribute of \(name)", found: "\(found.count)")
    }
    return list
  }

  private static func fallback(_ call: OperatorCall, _ type: ElementType) throws(OperatorError) -> Tensor {
    if call.opset >= 4, let tensor = try call.tensor("default_tensor") {
      guard tensor.count == 1, tensor.type == type else {
        throw call.wrongAttribute(
          "default_tensor", "one \(type.name) element, as the values",
          found: "\(tensor.type.name) \(shapeText(tensor.shape))")
      }
      return tensor
    }
    switch type {
    case .string: return try call.make(texts: [try call.string("default_string") ?? "_Unused"])
    case .float, .double:
      return try Casting.cast(
        call, try call.make(floats: [try call.float("default_float") ?? -0.0]), to: type)
    default: return try Casting.cast(call, try call.make([try call.int("default_int64") ?? -1]), to: type)
    }
  }
}
