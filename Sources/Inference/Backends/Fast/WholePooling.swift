internal import ONNXGraph

/// The mean of whole planes of binary32 numbers.
struct WholePooling {
  private let pooling: Pooling
  private let threads: Int
  private let size: Int

  /// Returns nil for other types, and if windows do not cover the whole input.
  init?(_ pooling: Pooling, threads: Int) {
    let windows = pooling.windows
    guard pooling.y.type == .float, pooling.x.count > 0, case .mean = pooling.kind,
      windows.kernel == windows.input, windows.output.allSatisfy({ $0 == 1 }),
      windows.dilations.allSatisfy({ $0 == 1 }), (windows.padsBegin + windows.padsEnd).allSatisfy({ $0 == 0 })
    else { return nil }
    self.pooling = pooling
    self.threads = threads
    size = windows.input.product
  }

  func run() {
    let (x, y, size) = (pooling.x.values(Float.self), pooling.y.values(Float.self), size)
    Parallel.split(pooling.y.count, threads: pooling.x.count < 1 << 15 ? 1 : threads) { planes in
      for plane in planes {
        let from = UnsafePointer(x.base + plane * size)
        var sums = (Lanes.zero, Lanes.zero)
        var index = 0
        while index + 16 <= size {
          sums.0 += from.lanes(index, Lanes.self)
          sums.1 += from.lanes(index + 8, Lanes.self)
          index += 16
        }
        var sum = (sums.0 + sums.1).sum()
        while index < size {
          sum += from[index]
          index += 1
        }
        y[plane] = sum / Float(size)
      }
    }
  }
}
