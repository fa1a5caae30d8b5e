/// y[b…, i…, :] = x[b…, indices[b…, i…, :], :], with a point of k coordinates for each i…
///
/// x: any type, [b.., d..]; indices: INT64, [b.., i.., k]: k ≤ the rank of d.. → y: [b.., i.., d_k..], with `batch_dims`
/// (0) axes of b. Source: ONNX `GatherND`, versions 11, 12, 13.
enum GatherND: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let batch = try call.int("batch_dims") ?? 0
    let points = try IndexPoints(call, 1, in: x, batch: batch)
    let y = try call.make(x.type, points.shape + Array(x.shape[(batch + points.depth)...]))
    let run = x.shape[(batch + points.depth)...].product
    for place in 0..<points.count {
      StridedCopy.run(run, from: x, at: points.offset(place), to: y, at: place * run)
    }
    return [y]
  }
}
