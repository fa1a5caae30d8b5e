/// Code that the pooling operators share.
enum PoolingCall {
  /// The first input, and the windows that the attributes describe.
  static func windows(_ call: OperatorCall) throws(OperatorError) -> (x: Tensor, windows: Windows) {
    guard let kernel = try call.ints("kernel_shape") else {
      throw call.wrongAttribute("kernel_shape", "a kernel")
    }
    let x = try call.input(0)
    return (x, try windows(call, x, kernel: kernel))
  }

  /// The windows of a tensor that need not be an input.
  static func windows(
    _ call: OperatorCall, _ x: Tensor, kernel: [Int]
  ) throws(OperatorError) -> Windows {
    guard x.rank == kernel.count + 2 else {
      throw call.wrong(0, "\(kernel.count + 2) dimensions", found: shapeText(x.shape))
    }
    let attributes = try WindowAttributes(call, kernel: kernel, hasCeiling: true)
    return try attributes.windows(Array(x.shape[2...]))
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
    // Without planes, there can still be 2³¹ windows.
    if pooling.y.count == 0 { return }
    try call.budget.spend(product: pooling.y.count, pooling.windows.tapLimit)
    try pooling.windows.listing(call, parts: pooling.windows.output.product) { () throws(OperatorError) in
      try call.backend.pool(pooling)
    }
  }
}
