/// Code that the pooling operators share.
enum PoolingCall {
  static func windows(
    _ call: OperatorCall, kernel: [Int]
  ) throws(OperatorError) -> (x: Tensor, windows: Windows) {
    let x = try call.input(0)
    guard x.rank == kernel.count + 2 else {
      throw call.wrong(0, "\(kernel.count + 2) dimensions", found: shapeText(x.shape))
    }
    let attributes = try WindowAttributes(call, kernel: kernel, hasCeiling: true)
    return (x, try attributes.windows(Array(x.shape[2...])))
  }

  static func run(_ call: OperatorCall, _ pooling: Pooling) throws(OperatorError) {
    try call.budget.spend(product: pooling.y.count, pooling.windows.tapLimit)
    let tapBytes = pooling.windows.tapBytes
    try call.budget.take(bytes: tapBytes)
    defer { call.budget.release(bytes: tapBytes) }
    try call.backend.pool(pooling)
  }
}
