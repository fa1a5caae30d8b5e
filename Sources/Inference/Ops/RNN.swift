internal import ONNXGraph

/// Simple recurrent network over steps t: h_t = f(W·x_t + bW + R·h_{t − 1} + bR)
///
/// f: Tanh, or another of `activations`. x: floats, [T, B, I]; W: [D, H, I]; R: [D, H, H]; B: [D, 2H]; lengths: [B];
/// initial h: [D, B, H] → Y: [T, D, B, H], 0 after a sequence's end; Y_h: [D, B, H]; with `layout` 1 the batch comes
/// first. Source: ONNX `RNN`, versions 1, 7, 14, 22.
enum RNN: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let net = try Recurrence(call, gates: 1, activations: ["Tanh"])
    let h = try net.state(5)
    if let vectors = net.vectors {
      return [try net.finished(all: try vectors.rnn(h: h)), try net.finished(h)]
    }
    let y = try call.zeros(.double, [net.steps, net.directions, net.batch, net.hidden])
    let (all, states) = (y.values(Double.self), h.values(Double.self))
    let size = net.hidden
    for direction in 0..<net.directions {
      let f = net.activation(0, direction)
      let projection = try net.projection(direction).values(Double.self)
      for step in 0..<net.steps {
        let recurrent = try net.recurrent(h, direction).values(Double.self)
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          for unit in 0..<size {
            let state = f(
              projection[(time * net.batch + sequence) * size + unit] + recurrent[sequence * size + unit]
                + net.bias(0, direction, unit) + net.bias(1, direction, unit))
            states[(direction * net.batch + sequence) * size + unit] = state
            all[((time * net.directions + direction) * net.batch + sequence) * size + unit] = state
          }
        }
      }
    }
    return [try net.finished(all: y), try net.finished(h)]
  }
}
