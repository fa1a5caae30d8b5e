internal import ONNXGraph

/// y[i] = start + i · delta, up to but without `limit`
///
/// start, limit, delta: one number each, of one type → y: [max(⌈(limit − start) / delta⌉, 0)]. Source: ONNX `Range`,
/// versions 11, 27.
enum NumberRange: Operator {
  static var name: String { "Range" }
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    [try numbers(call, delta: try call.input(2))]
  }

  static func numbers(_ call: OperatorCall, delta: Tensor) throws(OperatorError) -> Tensor {
    let (start, limit) = (try call.input(0), try call.input(1))
    for (index, bound) in [start, limit, delta].enumerated() {
      guard bound.type == start.type, bound.count == 1 else {
        throw call.wrong(
          index, "one \(start.type.name)", found: "\(bound.type.name) \(shapeText(bound.shape))")
      }
    }
    return try start.type.visit(Fill(call: call, start: start, limit: limit, delta: delta))
  }

  private struct Fill: ElementVisitor {
    let call: OperatorCall
    let start: Tensor
    let limit: Tensor
    let delta: Tensor

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let (first, step) = (start.values(T.self)[0].wide, delta.values(T.self)[0].wide)
      let span = limit.values(T.self)[0].wide.asDouble - first.asDouble
      let count = (span / step.asDouble).rounded(.up)
      guard step != .zero, !count.isNaN else { throw call.wrong(2, "a step other than 0", found: "0") }
      guard count <= Double(call.budget.limits.elements) else {
        throw OperatorError(
          "at most \(call.budget.limits.elements) elements", found: "\(count)", kind: .budget)
      }
      let y = try call.make(start.type, [Int(max(0, count))])
      let values = y.values(T.self)
      for index in 0..<y.count {
        values[index] = T(narrowing: first.adding(T.Wide(clamping: Double(index)).multiplied(by: step)))
      }
      return y
    }
  }
}
