internal import ONNXGraph

/// Gated recurrent unit over steps t, with gates z, r, h stacked in W, R and B
///
/// z = f(W_z·x + R_z·h + b_z), r = f(W_r·x + R_r·h + b_r), h̃ = g(W_h·x + R_h·(r·h) + b_h), or with
/// `linear_before_reset` g(W_h·x + r·(R_h·h + bR_h) + bW_h), h = (1 − z)·h̃ + z·h; f, g: Sigmoid, Tanh. x: floats, [T,
/// B, I]; W: [D, 3H, I]; R: [D, 3H, H]; B: [D, 6H]; lengths: [B]; initial h: [D, B, H] → Y: [T, D, B, H], 0 after a
/// sequence's end; Y_h: [D, B, H]; with `layout` 1 the batch comes first. Source: ONNX `GRU`, versions 1, 3, 7, 14, 22.
enum GRU: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let net = try Recurrence(call, gates: 3, activations: ["Sigmoid", "Tanh"])
    let h = try net.state(5)
    let isLinear = try call.flag("linear_before_reset")
    if let vectors = net.vectors {
      return [try net.finished(all: try vectors.gru(h: h, isLinear: isLinear)), try net.finished(h)]
    }
    let y = try call.make(.double, [net.steps, net.directions, net.batch, net.hidden])
    y.values(Double.self).update(repeating: 0)
    let (all, states) = (y.values(Double.self), h.values(Double.self))
    let size = net.hidden
    let reset = try call.make(.double, h.shape)
    reset.values(Double.self).update(repeating: 0)
    let update = try call.make(.double, h.shape)
    for direction in 0..<net.directions {
      let (f, g) = (net.activation(0, direction), net.activation(1, direction))
      let projection = try net.projection(direction)
      for step in 0..<net.steps {
        // If the product of h̃ needs r, only the products of z and r are computed here.
        let early = isLinear ? 3 : 2
        let recurrent = try net.recurrent(h, direction, wanted: 0..<early)
        func input(_ sequence: Int, _ time: Int, _ row: Int) -> Double {
          projection.values(Double.self)[(time * net.batch + sequence) * 3 * size + row]
            + net.bias(0, direction, row)
        }
        // `product` has `gates` gates; the first of them has the number `first`.
        func hidden(
          _ product: Tensor, _ gates: Int, first: Int = 0, _ sequence: Int, _ row: Int
        ) -> Double {
          product.values(Double.self)[(sequence * gates - first) * size + row] + net.bias(1, direction, row)
        }
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          for unit in 0..<size {
            let place = (direction * net.batch + sequence) * size + unit
            update.values(Double.self)[place] = f(
              input(sequence, time, unit) + hidden(recurrent, early, sequence, unit))
            let r = f(input(sequence, time, size + unit) + hidden(recurrent, early, sequence, size + unit))
            reset.values(Double.self)[place] = isLinear ? r : r * states[place]
          }
        }
        let gated = isLinear ? recurrent : try net.recurrent(reset, direction, wanted: 2..<3)
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          for unit in 0..<size {
            let place = (direction * net.batch + sequence) * size + unit
            let row = 2 * size + unit
            let factor = isLinear ? reset.values(Double.self)[place] : 1
            let product =
              isLinear
              ? hidden(gated, 3, sequence, row) : hidden(gated, 1, first: 2, sequence, row)
            let candidate = g(input(sequence, time, row) + factor * product)
            let z = update.values(Double.self)[place]
            states[place] = (1 - z) * candidate + z * states[place]
            all[((time * net.directions + direction) * net.batch + sequence) * size + unit] = states[place]
          }
        }
      }
    }
    return [try net.finished(all: y), try net.finished(h)]
  }
}
