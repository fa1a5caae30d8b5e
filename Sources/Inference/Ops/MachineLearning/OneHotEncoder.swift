internal import ONNXGraph

/// y[.., k] = 1 if x is the k-th category, else 0
///
/// x: text (`cats_strings`), or INT64, INT32, FLOAT or DOUBLE, converted to INT64 (`cats_int64s`) → y: FLOAT, x's shape
/// with a last axis of the number of categories. An element that is no category gives only zeros, or an error if
/// `zeros` is 0 (1). Of equal categories, the last counts. Source: ONNX `OneHotEncoder`, ai.onnx.ml version 1.
enum OneHotEncoder: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var x = try call.input(0)
    let categories: Tensor
    if x.type == .string {
      categories = try call.make(texts: try call.strings("cats_strings") ?? [])
    } else {
      guard [.int64, .int32, .float, .double].contains(x.type) else {
        throw call.wrong(0, "text, I64, I32, F32 or F64 elements", found: x.type.name)
      }
      x = try Casting.cast(call, x, to: .int64)
      categories = try call.make(try call.ints("cats_int64s") ?? [])
    }
    guard categories.count > 0 else { throw call.wrong(0, "categories of \(x.type.name)", found: "none") }
    let places = try KeyPlaces(call, categories, takesLast: true).places(call, of: x).values(Int64.self)
    let y = try call.make(.float, x.shape + [categories.count])
    y.values(Float.self).update(repeating: 0)
    let isStrict = try !call.flag("zeros", default: true)
    for place in 0..<x.count {
      if places[place] >= 0 {
        y.values(Float.self)[place * categories.count + Int(places[place])] = 1
      } else if isStrict {
        throw call.wrong(0, "one of the categories", found: "another element at position \(place)")
      }
    }
    return [y]
  }
}
