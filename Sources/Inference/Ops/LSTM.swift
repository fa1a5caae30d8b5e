internal import ONNXGraph

/// Long short-term memory over steps t, with gates i, o, f, c stacked in W, R and B, and peepholes of i, o, f in P
///
/// i = f(Wᵢ·x + Rᵢ·h + Pᵢ·c + bᵢ), f = f(…), c̃ = g(W_c·x + R_c·h + b_c), c = f·c + i·c̃, o = f(… + Pₒ·c), h = o·h(c);
/// f, g, h: Sigmoid, Tanh, Tanh. x: floats, [T, B, I]; W: [D, 4H, I]; R: [D, 4H, H]; B: [D, 8H]; lengths: [B]; initial
/// h and c: [D, B, H]; P: [D, 3H] → Y: [T, D, B, H], 0 after a sequence's end; Y_h, Y_c: [D, B, H]; with `layout` 1 the
/// batch comes first. Source: ONNX `LSTM`, versions 1, 7, 14, 22.
enum LSTM: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let net = try Recurrence(call, gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"])
    let (h, c) = (try net.state(5), try net.state(6))
    let peepholes =
      call.optional(7) == nil ? nil : try call.reals(7, count: net.directions * 3 * net.hidden)
    let forgetsInput = try call.flag("input_forget")
    if let vectors = net.vectors {
      let y = try vectors.lstm(h: h, c: c, peepholes: peepholes, forgetsInput: forgetsInput)
      return [try net.finished(all: y), try net.finished(h), try net.finished(c)]
    }
    let y = try call.make(.double, [net.steps, net.directions, net.batch, net.hidden])
    y.values(Double.self).update(repeating: 0)
    let (all, states, cells) = (y.values(Double.self), h.values(Double.self), c.values(Double.self))
    let size = net.hidden
    for direction in 0..<net.directions {
      let f = net.activation(0, direction)
      let (g, out) = (net.activation(1, direction), net.activation(2, direction))
      let projection = try net.projection(direction)
      func peephole(_ gate: Int, _ unit: Int) -> Double {
        peepholes.map { $0[(direction * 3 + gate) * size + unit] } ?? 0
      }
      for step in 0..<net.steps {
        let recurrent = try net.recurrent(h, direction)
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          let rows = (time * net.batch + sequence) * 4 * size
          for unit in 0..<size {
            func gate(_ number: Int) -> Double {
              let row = number * size + unit
              return projection.values(Double.self)[rows + row]
                + recurrent.values(Double.self)[sequence * 4 * size + row]
                + net.bias(0, direction, row) + net.bias(1, direction, row)
            }
            let place = (direction * net.batch + sequence) * size + unit
            let old = cells[place]
            let input = f(gate(0) + peephole(0, unit) * old)
            let forget = forgetsInput ? 1 - input : f(gate(2) + peephole(2, unit) * old)
            let cell = forget * old + input * g(gate(3))
            let output = f(gate(1) + peephole(1, unit) * cell)
            cells[place] = cell
            states[place] = output * out(cell)
            all[((time * net.directions + direction) * net.batch + sequence) * size + unit] = states[place]
          }
        }
      }
    }
    return [try net.finished(all: y), try net.finished(h), try net.finished(c)]
  }
}
