internal import ONNXGraph

/// The greatest element, or the mean, of windows of binary32 numbers in one or two dimensions; vectors compute output
/// rows.
struct FastPooling {
  private let pooling: Pooling
  private let plane: PaddedPlane
  private let threads: Int
  /// For means, 1 / the number of elements in each window, by output position; nil for the greatest element.
  private let factors: [Float]?

  /// Returns nil for other types and dimensions, for norms, and if positions of greatest elements are wanted.
  init?(_ pooling: Pooling, threads: Int) {
    guard pooling.y.type == .float, pooling.y.count > 0, pooling.x.count > 0,
      let plane = PaddedPlane(pooling.windows)
    else { return nil }
    switch pooling.kind {
    case .greatest(nil, _): factors = nil
    case .greatest, .norm: return nil
    case .mean(let countsPadding):
      // Windows that reach into the padding have fewer elements: the product of the counts along each dimension.
      let windows = pooling.windows
      let counts = windows.input.indices.map { axis in
        (0..<windows.output[axis]).map { windows.count(axis, $0, withPadding: countsPadding) }
      }
      let rows = counts.count == 1 ? [1] : counts[0]
      let columns = counts[counts.count - 1]
      factors = rows.flatMap { row in columns.map { row * $0 == 0 ? 0 : 1 / Float(row * $0) } }
    }
    self.pooling = pooling
    self.plane = plane
    self.threads = threads
  }

  func run() throws(OperatorError) {
    let (plane, factors) = (plane, factors)
    let (x, y) = (pooling.x.values(Float.self), pooling.y.values(Float.self))
    let planes = pooling.y.shape[0] * pooling.y.shape[1]
    let (inputSize, outputSize) = (pooling.windows.input.product, pooling.windows.output.product)
    let workers = min(threads, planes)
    let scratch = try Scratch(plane.count, workers: workers, pooling.y.storage.budget)
    for worker in 0..<workers {
      plane.clear(scratch[worker], padding: factors == nil ? -.infinity : 0)
    }
    Parallel.tasks(planes, threads: threads) { number, worker in
      plane.fill(scratch[worker], from: UnsafePointer(x.base + number * inputSize))
      let to = y.base + number * outputSize
      if let factors {
        Self.rows(Adding(), plane, UnsafePointer(scratch[worker]), to)
        for index in 0..<outputSize { to[index] *= factors[index] }
      } else {
        Self.rows(Greatest(), plane, UnsafePointer(scratch[worker]), to)
      }
    }
  }

  @inline(__always)
  private static func rows<F: LaneCombination>(
    _ function: F, _ plane: PaddedPlane, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    let columns = plane.output.columns
    plane.taps.withUnsafeBufferPointer { taps in
      for row in 0..<plane.output.rows {
        let from = x + row * plane.rowStep
        for column in stride(from: 0, to: columns, by: 8) {
          var result = from.lanes(taps[0] + column, Lanes.self)
          for index in 1..<taps.count {
            result = function.value(result, from.lanes(taps[index] + column))
          }
          y.set(row * columns + column, result, count: columns - column)
        }
      }
    }
  }
}

private protocol LaneCombination {
  func value(_ a: Lanes, _ b: Lanes) -> Lanes
}

private struct Adding: LaneCombination {
  @inline(__always) func value(_ a: Lanes, _ b: Lanes) -> Lanes { a + b }
}

/// NaN is greater than every number, as in ONNX's reference implementation.
private struct Greatest: LaneCombination {
  @inline(__always) func value(_ a: Lanes, _ b: Lanes) -> Lanes {
    a.replacing(with: b, where: (b .> a) .| (b .!= b))
  }
}
