/// y[.., i, j] = Σ_k a[.., i, k] · b[.., k, j]
///
/// a: numbers, [.., M, K]; b: [.., K, N]; leading axes broadcast → y: [.., M, N]. A vector is a row on the left and a
/// column on the right, and y lacks its axis. Source: ONNX `MatMul`, versions 1, 9, 13.
enum MatMul: Operator {
  static var storedInputs: ClosedRange<Int>? { 0...1 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    let b = try call.input(1, type: a.type)
    let product = try BatchedProduct(call, a.shape, b.shape)
    return [try product.run(call, a, b).reshaped(product.shape)]
  }
}
