internal import ONNXGraph

/// y = x / d for each row, where d is the greatest x (`norm` MAX, the default), Σ |x| (L1) or √Σ x² (L2); x if d is 0
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f] → y: FLOAT, x's shape. The specification has Σ x for L1; the sum of
/// magnitudes is ONNX Runtime's. Source: ONNX `Normalizer`, ai.onnx.ml version 1.
enum Normalizer: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let norm = try call.word("norm", ["MAX", "L1", "L2"], default: "MAX")
    let y = try Lines.map(call, x.tensor, extent: x.features, inner: 1) { row in
      let divisor =
        switch norm {
        case "L1": row.reduce(0) { $0 + $1.magnitude }
        case "L2": row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        default: row.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
        }
      if divisor == 0 { return }
      for index in row.indices { row[index] /= divisor }
    }
    return [try Casting.cast(call, try y.reshaped(try call.input(0).shape), to: .float)]
  }
}
