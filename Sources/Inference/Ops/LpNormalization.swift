/// y = x / (Σ |x|ᵖ)^(1/p), with the sum along `axis` (−1); 0 if the sum is 0
///
/// x: floats of any shape; p: 1 or 2 (2) → y: as x. Source: ONNX `LpNormalization`, versions 1, 22.
enum LpNormalization: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? -1, rank: x.rank)
    let p = try call.int("p") ?? 2
    guard p == 1 || p == 2 else { throw OperatorError("1 or 2", found: "\(p)", subject: "attribute 'p'") }
    let y = try Lines.map(call, x, extent: x.shape[axis], inner: x.shape[(axis + 1)...].product) { line in
      let norm =
        p == 1
        ? line.reduce(0) { $0 + $1.magnitude } : line.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for index in line.indices { line[index] = norm == 0 ? 0 : line[index] / norm }
    }
    return [y]
  }
}
