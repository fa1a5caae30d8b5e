internal import ONNXGraph

/// y[i, j] = Σ_k (a[i, k] − b[j, k])², or its root with `metric` = "euclidean" (default: "sqeuclidean")
///
/// a: floats, [M, K]; b: [N, K] → y: [M, N]. ONNX Runtime has no other metrics either. Source: ONNX Runtime `CDist`,
/// version 1.
enum CDist: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0, rank: 2)
    let b = try call.input(1, type: a.type)
    guard b.rank == 2, b.shape[1] == a.shape[1] else {
      throw call.wrong(1, "[N, \(a.shape[1])]", found: shapeText(b.shape))
    }
    let isRoot = try call.word("metric", ["sqeuclidean", "euclidean"], default: "sqeuclidean") == "euclidean"
    try call.budget.spend(a.count, b.shape[0])
    return [try a.type.visitFloats(Distances(call: call, a: a, b: b, isRoot: isRoot))]
  }

  private struct Distances: FloatVisitor {
    let call: OperatorCall
    let a: Tensor
    let b: Tensor
    let isRoot: Bool

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let (rows, columns, depth) = (a.shape[0], b.shape[0], a.shape[1])
      let y = try call.make(a.type, [rows, columns])
      let (left, right, to) = (a.values(T.self), b.values(T.self), y.values(T.self))
      let isRoot = isRoot
      Parallel.split(rows, threads: y.count * depth < 1 << 14 ? 1 : call.backend.threads) { part in
        for row in part {
          for column in 0..<columns {
            var sum = 0.0
            for k in 0..<depth {
              let difference = left[row * depth + k].wide - right[column * depth + k].wide
              sum += difference * difference
            }
            to[row * columns + column] = T(narrowing: isRoot ? sum.squareRoot() : sum)
          }
        }
      }
      return y
    }
  }
}
