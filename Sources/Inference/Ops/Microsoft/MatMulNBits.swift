internal import ONNXGraph

/// y[.., n] = Σ_k A[.., k] · (B[n, k] − zero_points[n, g(k)]) · scales[n, g(k)] + bias[n], g(k) = ⌊k / block_size⌋ or
/// g_idx[k]
///
/// A: F32, F16 or BF16, [.., K]; B: U8, [N, blocks, block_size · bits / 8], weights of `bits` bits (4; also 2 and 8), low
/// bits first, blocks = ⌈K / block_size⌉; scales: A's type, N · blocks elements; zero_points: U8, packed as B in rows of
/// ⌈blocks · bits / 8⌉ bytes, or A's type, N · blocks elements (2^(bits − 1)); g_idx: INT32, at least K group numbers;
/// bias: A's type, [N] → y: [.., N] of A's type. Products are those of F32 numbers. If an extent of B is 0 and its weights
/// are thus left out, y is the bias, or zeros.
///
/// `accuracy_level` only permits less accurate products. `weight_prepacked` is not supported, because its layouts belong
/// to kernels of graphics processors. Source: com.microsoft `MatMulNBits`, version 1.
enum MatMulNBits: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    guard a.type.isFloat else { throw call.wrong(0, "floating-point elements", found: a.type.name) }
    if try call.int("weight_prepacked") ?? 0 != 0 {
      throw .unsupported("weights in B's own layout", found: "weight_prepacked")
    }
    let (depth, columns) = (try extent(call, "K"), try extent(call, "N"))
    guard a.shape.last == depth else { throw call.wrong(0, "[.., \(depth)]", found: shapeText(a.shape)) }
    let y = try call.make(.float, a.shape.dropLast() + [columns])
    let b = try call.input(1, type: .uint8)
    let packing = try PackedWeights(call)
    let expected = packing.shape(rows: columns, depth)
    if b.rank == 3, b.count == 0, zip(b.shape, expected).allSatisfy({ $0 == 0 || $0 == $1 }) {
      StridedCopy.clear(y.count, of: y, at: 0)
    } else if y.count > 0 {
      guard b.shape == expected else {
        throw call.wrong(1, shapeText(expected), found: shapeText(b.shape))
      }
      let weights = try packing.weights(call, b, columns, depth, type: a.type)
      let rows = a.shape.dropLast().product
      let left = MatrixView(
        tensor: try Casting.cast(call, a, to: .float), rows: rows, columns: depth, rowStride: depth,
        columnStride: 1)
      let right = MatrixView(
        tensor: weights, rows: columns, columns: depth, rowStride: weights.shape[1], columnStride: 1)
      try call.budget.spend(product: rows, columns, depth)
      try call.backend.multiply(MatrixProduct(a: left, b: right.transposed, y: y))
    }
    guard let bias = call.optional(5) else { return [try Casting.cast(call, y, to: a.type)] }
    try ConvolutionCall.check(bias, of: columns, a.type, call, 5)
    let sum = try Elementwise.binary(Add.self, call, y, try Casting.cast(call, bias, to: .float))
    return [try Casting.cast(call, sum, to: a.type)]
  }

  private static func extent(_ call: OperatorCall, _ name: String) throws(OperatorError) -> Int {
    guard let extent = try call.int(name) else { throw call.wrongAttribute(name, "an extent") }
    guard extent >= 0, extent <= WindowAttributes.limit else {
      throw OperatorError(
        "an extent of 0 to \(WindowAttributes.limit)", found: "\(extent)", subject: "attribute '\(name)'")
    }
    return extent
  }
}
