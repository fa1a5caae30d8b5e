internal import ONNXGraph

/// y = the values of a map in the order of its keys, as FLOAT, STRING or INT64 (`cast_to`)
///
/// M: a map with keys of INT64 and values of FLOAT or STRING → y: [1, n]. With `map_form` SPARSE, y is [1, `max_map`] (1)
/// and each value is at the place of its key; keys must not be negative, and those beyond the end are ignored. Elements
/// without a key are 0. As in ONNX Runtime, a number becomes text with six decimals, and an element of text without a
/// key is "0.f". Source: ONNX `ai.onnx.ml.CastMap`, version 1.
enum CastMap: MachineLearningOperator, ValueOperator {
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let (keys, values) = try call.map(0)
    guard keys.type == .int64 else { throw call.wrong(0, "I64 keys", found: keys.type.name) }
    guard values.type == .float || values.type == .string else {
      throw call.wrong(0, "F32 or STRING values", found: values.type.name)
    }
    let types = ["TO_FLOAT": ElementType.float, "TO_STRING": .string, "TO_INT64": .int64]
    let type = types[try call.word("cast_to", types.keys.sorted(), default: "TO_FLOAT")] ?? .float
    let cast =
      type == .string && values.type == .float
      ? try decimals(call, values) : try Casting.cast(call, values, to: type)
    if try call.word("map_form", ["DENSE", "SPARSE"], default: "DENSE") == "DENSE" {
      return [.tensor(try cast.reshaped([1, cast.count]))]
    }
    let width = try call.count("max_map", default: 1)
    let y = try call.zeros(type, [1, width])
    if type == .string {
      y.values(Int64.self).update(repeating: try call.run.strings.number(of: "0.f"))
    }
    for (place, key) in keys.values(Int64.self).prefix(keys.count).enumerated() {
      guard key >= 0 else { throw call.wrong(0, "keys of 0 or more", found: "\(key)") }
      if key < width { StridedCopy.run(1, from: cast, at: place, to: y, at: Int(key)) }
    }
    return [.tensor(y)]
  }

  /// Numbers as C's `%f` writes them.
  private static func decimals(_ call: OperatorCall, _ x: Tensor) throws(OperatorError) -> Tensor {
    let y = try call.make(.string, x.shape)
    for (place, number) in x.values(Float.self).prefix(x.count).enumerated() {
      y.values(Int64.self)[place] = try call.run.strings.number(of: FixedPoint.text(Double(number)))
    }
    return y
  }
}
