internal import Glibc
internal import ONNXGraph

/// The recurrence of a linear attention, in binary32: for each step, the state S decays, gets k · (rate · (v − Sᵀk))ᵀ
/// (without a rate: k · vᵀ), and gives y = scale · Sᵀq.
struct LinearRecurrence {
  /// If k has more heads, each head of q is for several neighbouring ones of k, and y has as many heads as k.
  let q: HeadVectors
  let k: HeadVectors
  let v: HeadVectors
  let y: HeadVectors
  /// [samples, heads of k, size of k, size of v]
  let state: Tensor
  /// The logarithm of the decay: [samples, steps, heads of k] or [samples, steps, heads of k · size of k].
  let decay: Tensor?
  /// [samples, steps, heads of k or 1]
  let rate: Tensor?
  let scale: Double

  func run(_ call: OperatorCall, samples: Int) throws(OperatorError) {
    let (size, width, group) = (q.size, v.size, y.heads / k.heads)
    try call.budget.spend(product: [
      samples, k.length, k.heads + y.heads + (rate == nil ? 0 : k.heads), size, width,
    ])
    // Decays, and a step's vectors.
    try call.budget.spend(samples, k.length, y.heads + k.heads, size + width + 512)
    if decay != nil { try call.budget.spend(samples, k.length, k.heads, size, width) }
    let change = try call.make(.float, [width])
    for sample in 0..<samples {
      for head in 0..<k.heads {
        let place = (sample * k.heads + head) * size * width
        let memory = MatrixView(
          tensor: state, offset: place, rows: size, columns: width, rowStride: width, columnStride: 1)
        for step in 0..<k.length {
          fade(sample, head, step, place)
          let key = vector(k, sample, head, step)
          var value = vector(v, sample, head, step)
          if let rate {
            let factor = number(rate, sample, head, step, perHead: rate.shape[2] > 1)
            StridedCopy.run(width, from: v.tensor, at: value.offset, to: change, at: 0)
            try call.backend.multiply(
              MatrixProduct(a: key, b: memory, y: change, scale: -factor, keep: factor))
            value = MatrixView(
              tensor: change, rows: 1, columns: width, rowStride: width, columnStride: 1)
          }
          try call.backend.multiply(
            MatrixProduct(a: key.transposed, b: value, y: state, yOffset: place, keep: 1))
          for output in (head * group)..<((head + 1) * group) {
            try call.backend.multiply(
              MatrixProduct(
                a: vector(q, sample, output * q.heads / y.heads, step), b: memory, y: y.tensor,
                yOffset: y.start(sample, output) + step * y.strides.position, scale: scale))
          }
        }
      }
    }
  }

  /// Multiplies the state of a head by the decay of a step.
  private func fade(_ sample: Int, _ head: Int, _ step: Int, _ place: Int) {
    guard let decay else { return }
    let (numbers, width) = (state.values(Float.self), v.size)
    let isPerHead = decay.shape[2] == k.heads
    for row in 0..<q.size {
      let factor =
        isPerHead
        ? number(decay, sample, head, step, perHead: true)
        : Double(decay.values(Float.self)[((sample * k.length + step) * k.heads + head) * q.size + row])
      let kept = exp(factor)
      let start = place + row * width
      for index in start..<(start + width) { numbers[index] = Float(Double(numbers[index]) * kept) }
    }
  }

  private func number(_ x: Tensor, _ sample: Int, _ head: Int, _ step: Int, perHead: Bool) -> Double {
    Double(x.values(Float.self)[(sample * k.length + step) * x.shape[2] + (perHead ? head : 0)])
  }

  /// The vector of a step, as a matrix with one row.
  private func vector(_ x: HeadVectors, _ sample: Int, _ head: Int, _ step: Int) -> MatrixView {
    MatrixView(
      tensor: x.tensor, offset: x.start(sample, head) + step * x.strides.position, rows: 1, columns: x.size,
      rowStride: x.size, columnStride: 1)
  }
}
