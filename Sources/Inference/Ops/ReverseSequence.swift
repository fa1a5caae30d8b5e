internal import ONNXGraph

/// y[t, b, …] = x[lengths[b] − 1 − t, b, …] for t < lengths[b], else x[t, b, …]
///
/// x: any type, [T, B, …], or [B, T, …] with `batch_axis` 0 (1) and `time_axis` 1 (0); lengths: INT64, [B], 0 to T → y:
/// as x. Source: ONNX `ReverseSequence`, versions 10, 28.
enum ReverseSequence: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    let (batch, time) = (try call.int("batch_axis") ?? 1, try call.int("time_axis") ?? 0)
    guard (batch, time) == (1, 0) || (batch, time) == (0, 1) else {
      throw OperatorError("a batch axis and a time axis, 0 and 1", found: "\(batch) and \(time)")
    }
    let lengths = try call.input(1, type: .int64)
    let (values, steps) = (lengths.values(Int64.self), x.shape[time])
    guard lengths.shape == [x.shape[batch]],
      values.prefix(lengths.count).allSatisfy({ $0 >= 0 && $0 <= steps })
    else {
      throw call.wrong(1, "\(x.shape[batch]) lengths of 0 to \(steps)", found: shapeText(lengths.shape))
    }
    let y = try call.make(x.type, x.shape)
    let strides = Layout.strides(x.shape)
    let inner = x.shape[2...].product
    for sequence in 0..<x.shape[batch] {
      let length = Int(values[sequence])
      for step in 0..<steps {
        let source = step < length ? length - 1 - step : step
        StridedCopy.run(
          inner, from: x, at: sequence * strides[batch] + source * strides[time], to: y,
          at: sequence * strides[batch] + step * strides[time])
      }
    }
    return [y]
  }
}
