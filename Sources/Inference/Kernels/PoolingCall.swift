/// Code that the pooling operators share.
enum PoolingCall {
  /// The first input, and the windows that the attributes describe.
  static func windows(_ call: OperatorCall) throws(OperatorError) -> (x: Tensor, windows: Windows) {
    guard let kernel = try call.ints("kernel_shape") else {
      throw call.wrongAttribute("kernel_shape", "a kernel")
    }
    let x = try call.input(0)
    guard x.rank == kernel.count + 2 else {
      throw call.wrong(0, "\(kernel.count + 2) dimensions", found: shapeText(x.shape))
    }
    let attributes = try WindowAttributes(call, kernel: kernel, hasCeiling: true)
    return (x, try attributes.windows(Array(x.shape[2...])))
  }

  /// The attribute `p` of `LpPool` and `GlobalLpPool`: a real number in version 1, then a whole one.
  static func power(_ call: OperatorCall) throws(OperatorError) -> Double {
    let p = call.opset < 2 ? try call.float("p") ?? 2 : Double(try call.int("p") ?? 2)
    guard p >= 1, p.isFinite else {
      throw OperatorError("a number of 1 or more", found: "\(p)", subject: "attribute 'p'")
    }
    return p
  }

  static func run(_ call: OperatorCall, _ pooling: Pooling) throws(OperatorError) {
    try call.budget.spend(product: pooling.y.count, pooling.windows.tapLimit)
    let tapBytes = pooling.windows.tapBytes
    try call.budget.take(bytes: tapBytes)
    defer { call.budget.release(bytes: tapBytes) }
    try call.backend.pool(pooling)
  }
}
