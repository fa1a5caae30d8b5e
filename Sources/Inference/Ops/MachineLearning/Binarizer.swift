internal import ONNXGraph

/// y = 1 if x > `threshold` (0), else 0
///
/// x: numbers of any kind → y: as x. Source: ONNX `Binarizer`, ai.onnx.ml version 1.
enum Binarizer: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return [try x.type.visit(Compare(call: call, x: x, threshold: try call.float("threshold") ?? 0))]
  }

  private struct Compare: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let threshold: Double

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let y = try call.make(x.type, x.shape)
      let (from, to) = (x.values(T.self), y.values(T.self))
      for place in 0..<x.count {
        to[place] = T(narrowing: from[place].wide.asDouble > threshold ? .one : .zero)
      }
      return y
    }
  }
}
