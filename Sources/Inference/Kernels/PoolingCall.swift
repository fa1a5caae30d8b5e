/// Code that the pooling operators share.
enum PoolingCall {
  static func windows(
    _ call: OperatorCall, _ x: Tensor, kernel: [Int]
  ) throws(OperatorError) -> Windows {
    guard x.rank == kernel.count + 2 else {
      throw call.wrong(0, "\(kernel.count + 2) dimensions", found: shapeText(x.shape))
    }
    let attributes = try WindowAttributes(call, kernel: kernel, hasCeiling: true)
    return try attributes.windows(Array(x.shape[2...]))
  }

  static func run(_ call: OperatorCall, _ pooling: Pooling) throws(OperatorError) {
    // Without planes, there can still be 2³¹ windows.
    if pooling.y.count == 0 { return }
    try call.budget.spend(product: pooling.y.count, pooling.windows.tapLimit)
    try pooling.windows.listing(call.budget) { () throws(OperatorError) in try call.backend.pool(pooling) }
  }
}
