internal import ONNXGraph

/// y[n, c, i] = Σ x[n, c·K + t, l] over the blocks l and their elements t that lie at position i of the image
///
/// x: numbers of any kind, [N, C·K, L]; image shape and block shape: INT64, one extent for each of 1 axis or more, with K
/// elements in a block; strides, dilations and pads: as for `Conv`, which give L blocks → y: as x, [N, C, image…].
/// Integers wrap. Source: ONNX `Col2Im`, version 18.
enum Col2Im: Operator {
  static var since: Int { 18 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 3)
    let (image, block) = (try call.integers(1) ?? [], try call.integers(2) ?? [])
    guard image.allSatisfy({ $0 >= 0 }) else {
      throw call.wrong(1, "extents of 0 or more", found: shapeText(image))
    }
    let windows = try WindowAttributes(call, kernel: block).windows(image)
    let size = try Tensor.count(of: block, call.budget)
    guard x.shape[1] % size == 0, x.shape[2] == (try Tensor.count(of: windows.output, call.budget)) else {
      throw call.wrong(
        0, "[N, C · \(size), \(shapeText(windows.output)) blocks]", found: shapeText(x.shape))
    }
    let y = try call.make(x.type, [x.shape[0], x.shape[1] / size] + image)
    try call.budget.spend(x.count)
    try windows.listing(call, parts: 1) { () throws(OperatorError) in
      try x.type.visit(Fold(call: call, x: x, y: y, windows: windows, size: size))
    }
    return [y]
  }

  private struct Fold: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let y: Tensor
    let windows: Windows
    let size: Int

    func visit<T: Element>(_: T.Type) throws(OperatorError) {
      let (from, to) = (x.values(T.self), y.values(T.self))
      let (planes, blocks, image) = (y.shape[0] * y.shape[1], x.shape[2], windows.input.product)
      // The sums of one plane.
      try call.budget.take(bytes: image * 8)
      defer { call.budget.release(bytes: image * 8) }
      var sums = [T.Wide](repeating: .zero, count: image)
      var taps: [Windows.Tap] = []
      for plane in 0..<planes {
        for index in sums.indices { sums[index] = .zero }
        for block in 0..<blocks {
          windows.taps(at: windows.position(block), into: &taps)
          for tap in taps {
            sums[tap.input] = sums[tap.input].adding(from[(plane * size + tap.kernel) * blocks + block].wide)
          }
        }
        for index in sums.indices { to[plane * image + index] = T(narrowing: sums[index]) }
      }
    }
  }
}
