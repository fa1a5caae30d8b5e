internal import ONNXGraph

/// y = (x − `offset`) · `scale`
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [.., f]; offset (0) and scale (1): one number, or one for each of the f features →
/// y: FLOAT, x's shape. Source: ONNX `Scaler`, ai.onnx.ml version 1.
enum Scaler: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard [.float, .double, .int64, .int32].contains(x.type) else {
      throw call.wrong(0, "F32, F64, I64 or I32 elements", found: x.type.name)
    }
    let features = x.shape.last ?? 1
    func numbers(_ name: String, _ value: Double) throws(OperatorError) -> [Double] {
      let list = try call.floats(name) ?? [value]
      guard list.count == 1 || list.count == features, !list.isEmpty || x.count == 0 else {
        throw call.wrongAttribute(name, "1 or \(features) numbers", found: "\(list.count)")
      }
      return list
    }
    let (offset, scale) = (try numbers("offset", 0), try numbers("scale", 1))
    let from = try Casting.cast(call, x, to: .double).values(Double.self)
    let y = try call.make(.float, x.shape)
    for place in 0..<x.count {
      let feature = place % features
      let difference = from[place] - offset[offset.count == 1 ? 0 : feature]
      y.values(Float.self)[place] = Float(difference * scale[scale.count == 1 ? 0 : feature])
    }
    return [y]
  }
}
