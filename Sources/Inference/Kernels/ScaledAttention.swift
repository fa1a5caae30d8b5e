internal import Glibc
internal import ONNXGraph

/// y = softmax(cap(scale · q · kᵀ) + bias) · v, for each sample and head; cap(s) = softcap · tanh(s / softcap)
///
/// q: H heads of S vectors; k, v: T vectors of G heads, each for H / G neighbouring heads of q. All are floats of any
/// types → y: [samples, S, H · size of v] or [samples, H, S, size of v], with the type of q. A score that the bias
/// excludes (−∞) has the weight 0; if it excludes all scores of a query, y is 0. F16 and BF16 are computed in binary32
/// and rounded once, as ONNX Runtime does.
struct ScaledAttention {
  let queries: HeadVectors
  let keys: HeadVectors
  let values: HeadVectors
  let samples: Int
  let scale: Double
  var softcap = 0.0
  var biases: [ScoreBias] = []
  /// The keys that a query can use: those from `first` to before `end`.
  var visible: (@Sendable (_ sample: Int, _ query: Int) -> Range<Int>)?
  /// For each head, the score of a key whose value is 0; nil if there is none.
  var sinks: [Double]?
  /// The type to which the scores are rounded before the softmax, and the weights after it; nil for binary64.
  var precision: ElementType?
  /// The stage of the scores that is returned, too.
  var traced: Stage?

  enum Stage: Int {
    case scores, capped, biased, weights
  }

  /// Returns y, and the traced scores: [samples, H, S, T].
  func run(_ call: OperatorCall, isPacked: Bool) throws(OperatorError) -> (y: Tensor, scores: Tensor?) {
    let (heads, rows, columns) = (queries.heads, queries.length, keys.length)
    let group = heads / max(1, keys.heads)
    let type = queries.tensor.type
    let wide: ElementType = type == .double ? .double : .float
    let (q, k, v) = (
      try queries.cast(call, to: wide), try keys.cast(call, to: wide), try values.cast(call, to: wide)
    )
    let result = try call.make(
      wide, isPacked ? [samples, rows, heads * v.size] : [samples, heads, rows, v.size])
    let y = isPacked ? HeadVectors(packed: result, heads: heads) : HeadVectors(result)
    let trace = traced == nil ? nil : try call.make(wide, [samples, heads, rows, columns])
    try call.budget.spend(product: [samples, heads, rows, columns, q.size])
    try call.budget.spend(product: [samples, heads, rows, columns, v.size])
    // The softmax, and the calls for each head, which cost something even without elements.
    try call.budget.spend(samples, heads, rows, columns, 1 + biases.count)
    try call.budget.spend(samples, heads, 512)
    let lines = min(rows, max(1, call.backend.threads)) * columns * 8
    try call.budget.take(bytes: lines)
    defer { call.budget.release(bytes: lines) }
    let scores = try call.make(wide, [rows, columns])
    for sample in 0..<samples {
      for head in 0..<heads {
        try call.backend.multiply(
          MatrixProduct(
            a: q.matrix(sample, head), b: k.matrix(sample, head / group).transposed, y: scores, scale: scale))
        try wide.visitFloats(
          Weights(
            attention: self, scores: scores, trace: trace, sample: sample, head: head,
            threads: call.backend.threads))
        try call.backend.multiply(
          MatrixProduct(
            a: MatrixView(
              tensor: scores, rows: rows, columns: columns, rowStride: columns, columnStride: 1),
            b: v.matrix(sample, head / group), y: result, yOffset: y.start(sample, head),
            yRowStride: y.strides.position))
      }
    }
    return (
      try Casting.cast(call, result, to: type),
      try trace.map { tensor throws(OperatorError) in try Casting.cast(call, tensor, to: type) }
    )
  }

  /// Replaces the scores of a head by their weights.
  private struct Weights: FloatVisitor {
    let attention: ScaledAttention
    let scores: Tensor
    let trace: Tensor?
    let sample: Int
    let head: Int
    let threads: Int

    func visit<T: Element>(_: T.Type) throws(OperatorError) where T.Wide == Double {
      let (rows, columns) = (scores.shape[0], scores.shape[1])
      let values = scores.values(T.self)
      let (attention, sample, head) = (attention, sample, head)
      let traced = trace?.values(T.self)
      let start = (sample * attention.queries.heads + head) * rows
      Parallel.split(rows, threads: rows * columns < 4096 ? 1 : threads) { part in
        var line = [Double](repeating: 0, count: columns)
        for row in part {
          func record(_ stage: Stage) {
            guard let traced, attention.traced == stage else { return }
            for index in 0..<columns { traced[(start + row) * columns + index] = T(narrowing: line[index]) }
          }
          for index in 0..<columns { line[index] = values[row * columns + index].wide }
          record(.scores)
          if attention.softcap > 0 {
            for index in 0..<columns {
              line[index] = attention.softcap * tanh(line[index] / attention.softcap)
            }
          }
          record(.capped)
          let isExcluded = attention.addBias(to: &line, sample, head, row)
          record(.biased)
          if isExcluded {
            for index in 0..<columns { line[index] = 0 }
          } else {
            attention.round(&line)
            Softmax.normalise(&line, sink: attention.sinks?[head])
            attention.round(&line)
          }
          record(.weights)
          for index in 0..<columns { values[row * columns + index] = T(narrowing: line[index]) }
        }
      }
    }
  }

  /// Adds the biases of a query's scores, and −∞ to the scores of invisible keys; returns whether all are excluded.
  private func addBias(to line: inout [Double], _ sample: Int, _ head: Int, _ row: Int) -> Bool {
    let seen = visible?(sample, row) ?? 0..<line.count
    var isExcluded = true
    for index in line.indices {
      var bias = seen.contains(index) ? 0 : -Double.infinity
      for other in biases { bias += other.value(sample, head, row, index) }
      if bias != -.infinity { isExcluded = false }
      line[index] += bias
    }
    return isExcluded
  }

  private func round(_ line: inout [Double]) {
    switch precision {
    case .float: for index in line.indices { line[index] = Double(Float(line[index])) }
    case .float16: for index in line.indices { line[index] = Double(Float16(line[index])) }
    case .bfloat16: for index in line.indices { line[index] = BFloat16(narrowing: line[index]).wide }
    default: break
    }
  }
}
