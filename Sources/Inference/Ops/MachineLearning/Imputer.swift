internal import ONNXGraph

/// y = x, where each element equal to the replaced value becomes an imputed one
///
/// x: FLOAT or DOUBLE (`replaced_value_float`, 0; `imputed_value_floats`), or INT64 or INT32 (`replaced_value_int64`, 0;
/// `imputed_value_int64s`), [.., f] → y: as x. There is one imputed value, or one for each of the f features. A replaced
/// value of NaN stands for every NaN. Source: ONNX `Imputer`, ai.onnx.ml version 1.
enum Imputer: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard [.float, .double, .int64, .int32].contains(x.type) else {
      throw call.wrong(0, "F32, F64, I64 or I32 elements", found: x.type.name)
    }
    return [try x.type.visit(Replace(call: call, x: x))]
  }

  private struct Replace: ElementVisitor {
    let call: OperatorCall
    let x: Tensor

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      // The replaced value, then the imputed ones.
      let name = x.type.isFloat ? "imputed_value_floats" : "imputed_value_int64s"
      let given =
        x.type.isFloat
        ? try call.make(floats: [try call.float("replaced_value_float") ?? 0] + (try call.floats(name) ?? []))
        : try call.make([try call.int("replaced_value_int64") ?? 0] + (try call.ints(name) ?? []))
      let values = try Casting.cast(call, given, to: x.type).values(T.self)
      let (replaced, count) = (values[0].wide, given.count - 1)
      let features = x.shape.last ?? 1
      guard count == 1 || (count == features && count > 0) || x.count == 0 else {
        throw call.wrongAttribute(name, "1 or \(features) values", found: "\(count)")
      }
      let y = try call.make(x.type, x.shape)
      let (from, to) = (x.values(T.self), y.values(T.self))
      for place in 0..<x.count {
        let value = from[place].wide
        let isReplaced = value == replaced || (value.isNotANumber && replaced.isNotANumber)
        to[place] = isReplaced ? values[count == 1 ? 1 : 1 + place % features] : from[place]
      }
      return y
    }
  }
}
