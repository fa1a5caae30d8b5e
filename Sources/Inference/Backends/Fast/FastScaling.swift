/// Normalisation by known numbers, with its epilogue.
enum FastScaling {
  /// y ← activation((x − mean) · factor + shift + residual), for binary32 x.
  static func run(_ scaling: ChannelScaling, threads: Int) {
    let (x, y) = (scaling.x.values(Float.self), scaling.y.values(Float.self))
    let residual = scaling.epilogue.residual?.values(Float.self)
    let plane = scaling.plane
    let channels = scaling.factors.count
    let planes = scaling.x.count / max(1, plane)
    let numbers = (0..<channels).map {
      (Float(scaling.mean[$0]), Float(scaling.factors[$0]), Float(scaling.shift[$0]))
    }
    let activation = scaling.epilogue.activation
    // A task computes several planes, in pieces that stay in the cache between the two passes.
    let step = max(1, min((planes + 7) / 8, (1 << 15) / max(1, plane)))
    Parallel.tasks((planes + step - 1) / step, threads: threads) { task, _ in
      for number in (task * step)..<min(planes, (task + 1) * step) {
        let (mean, factor, shift) = numbers[number % channels]
        for start in stride(from: number * plane, to: (number + 1) * plane, by: 4096) {
          let count = min(4096, (number + 1) * plane - start)
          let (from, to) = (UnsafePointer(x.base + start), y.base + start)
          var index = 0
          while index + 8 <= count {
            to.set(index, (from.lanes(index, Lanes.self) - mean) * factor)
            index += 8
          }
          while index < count {
            to[index] = (from[index] - mean) * factor
            index += 1
          }
          Finishing.apply(
            to, count: count, bias: shift, residual: residual.map { UnsafePointer($0.base + start) },
            activation)
        }
      }
    }
  }
}
