internal import ONNXGraph

/// y = the number of the category x, or the category with the number x
///
/// x: text → y: INT64 from `cats_int64s`, or `default_int64` (−1); x: INT64 → y: text from `cats_strings`, or
/// `default_string` ("_Unused"). Of equal categories, the last counts. Source: ONNX `CategoryMapper`, ai.onnx.ml
/// version 1.
enum CategoryMapper: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let texts = try call.make(texts: try call.strings("cats_strings") ?? [])
    let numbers = try call.make(try call.ints("cats_int64s") ?? [])
    guard texts.count == numbers.count else {
      throw OperatorError("a number for each of \(texts.count) categories", found: "\(numbers.count)")
    }
    let isText = x.type == .string
    let places = try KeyPlaces(call, isText ? texts : numbers, takesLast: true).places(call, of: x)
    let other =
      isText
      ? try call.make([try call.int("default_int64") ?? -1])
      : try call.make(texts: [try call.string("default_string") ?? "_Unused"])
    return [try call.picked(isText ? numbers : texts, at: places, else: other)]
  }
}
