internal import CKernels
internal import ONNXGraph

/// The steps of `LSTM`, `GRU` and `RNN` in binary32, a row of units at a time.
struct RecurrentVectors {
  private typealias Row = UnsafeMutablePointer<Float>

  private let net: Recurrence
  private let clip: Float?

  init(_ net: Recurrence, clip: Float?) {
    self.net = net
    self.clip = clip
  }

  private var size: Int { net.hidden }

  /// The outputs of all steps, and the last h and c. `peepholes`: [D, 3H].
  func lstm(h: Tensor, c: Tensor, peepholes: [Double]?, forgetsInput: Bool) throws(OperatorError) -> Tensor {
    let y = try net.outputs()
    let (all, states, cells) = (y.values(Float.self), h.values(Float.self), c.values(Float.self))
    let scratch = try net.call.make(.float, [2 * size]).values(Float.self)
    let factors = try row(peepholes ?? [])
    for direction in 0..<net.directions {
      let (f, g, out) = (net.kernel(0, direction), net.kernel(1, direction), net.kernel(2, direction))
      let projection = try projected(direction, gates: 4) { _ in true }
      /// gate ← f(gate + factor · cell)
      func peep(_ gate: Row, _ number: Int, _ cell: Row) {
        if let factors {
          combine(tessera_multiply, factors.base + (direction * 3 + number) * size, cell, scratch.base)
          combine(tessera_add, gate, scratch.base, gate)
        }
        apply(f, gate)
      }
      for step in 0..<net.steps {
        let sums = try net.recurrent(h, direction).values(Float.self)
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          let gates = sums.base + sequence * 4 * size
          combine(
            tessera_add, gates, projection.base + (time * net.batch + sequence) * 4 * size, gates,
            count: 4 * size)
          let (input, output, forget) = (gates, gates + size, gates + 2 * size)
          let candidate = gates + 3 * size
          let place = (direction * net.batch + sequence) * size
          let cell = cells.base + place
          peep(input, 0, cell)
          if forgetsInput {
            scratch[size] = 1
            Products.kernels.combine(tessera_subtract, scratch.base + size, 0, input, 1, forget, size)
          } else {
            peep(forget, 2, cell)
          }
          apply(g, candidate)
          combine(tessera_multiply, input, candidate, candidate)
          combine(tessera_multiply, forget, cell, cell)
          combine(tessera_add, cell, candidate, cell)
          peep(output, 1, cell)
          apply(out, cell, to: candidate)
          finish(output, candidate, states.base + place, all.base, time, direction, sequence)
        }
      }
    }
    return y
  }

  /// The outputs of all steps, and the last h.
  func gru(h: Tensor, isLinear: Bool) throws(OperatorError) -> Tensor {
    let y = try net.outputs()
    let (all, states) = (y.values(Float.self), h.values(Float.self))
    let reset = try net.call.zeros(.float, h.shape)
    let update = try net.call.make(.float, h.shape)
    let scratch = try net.call.make(.float, [2 * size]).values(Float.self)
    scratch[size] = 1
    for direction in 0..<net.directions {
      let (f, g) = (net.kernel(0, direction), net.kernel(1, direction))
      // R's bias of h̃ is inside the product with r if that is linear.
      let projection = try projected(direction, gates: 3) { $0 < 2 || !isLinear }
      let inner = try row((0..<size).map { net.bias(1, direction, 2 * size + $0) })
      let early = isLinear ? 3 : 2
      for step in 0..<net.steps {
        let sums = try net.recurrent(h, direction, wanted: 0..<early).values(Float.self)
        func rows(_ sequence: Int, _ time: Int) -> (inputs: Row, place: Int) {
          (
            projection.base + (time * net.batch + sequence) * 3 * size,
            (direction * net.batch + sequence) * size
          )
        }
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          let (inputs, place) = rows(sequence, time)
          let (z, r) = (update.values(Float.self).base + place, reset.values(Float.self).base + place)
          combine(tessera_add, sums.base + sequence * early * size, inputs, z)
          combine(tessera_add, sums.base + (sequence * early + 1) * size, inputs + size, r)
          apply(f, z)
          apply(f, r)
          if !isLinear { combine(tessera_multiply, r, states.base + place, r) }
        }
        let gated = isLinear ? sums : try net.recurrent(reset, direction, wanted: 2..<3).values(Float.self)
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          let (inputs, place) = rows(sequence, time)
          let candidate = gated.base + (isLinear ? sequence * 3 + 2 : sequence) * size
          if isLinear {
            if let inner { combine(tessera_add, candidate, inner.base, candidate) }
            combine(tessera_multiply, candidate, reset.values(Float.self).base + place, candidate)
          }
          combine(tessera_add, candidate, inputs + 2 * size, candidate)
          apply(g, candidate)
          // (1 − z) · h̃ + z · h
          let (z, state) = (update.values(Float.self).base + place, states.base + place)
          Products.kernels.combine(tessera_subtract, scratch.base + size, 0, z, 1, scratch.base, size)
          combine(tessera_multiply, candidate, scratch.base, candidate)
          combine(tessera_multiply, state, z, state)
          combine(tessera_add, state, candidate, state)
          store(state, all.base, time, direction, sequence)
        }
      }
    }
    return y
  }

  /// The outputs of all steps, and the last h.
  func rnn(h: Tensor) throws(OperatorError) -> Tensor {
    let y = try net.outputs()
    let (all, states) = (y.values(Float.self), h.values(Float.self))
    for direction in 0..<net.directions {
      let projection = try projected(direction, gates: 1) { _ in true }
      for step in 0..<net.steps {
        let sums = try net.recurrent(h, direction).values(Float.self)
        for sequence in 0..<net.batch {
          guard let time = net.time(step, sequence, direction) else { continue }
          let state = states.base + (direction * net.batch + sequence) * size
          combine(
            tessera_add, sums.base + sequence * size, projection.base + (time * net.batch + sequence) * size,
            state)
          apply(net.kernel(0, direction), state)
          store(state, all.base, time, direction, sequence)
        }
      }
    }
    return y
  }

  /// x · Wᵀ with W's bias, and with R's bias of those gates that `adds` names.
  private func projected(
    _ direction: Int, gates: Int, adds: (_ gate: Int) -> Bool
  ) throws(OperatorError) -> Elements<Float> {
    let projection = try net.projection(direction).values(Float.self)
    let biases = try row(
      (0..<(gates * size)).map {
        net.bias(0, direction, $0) + (adds($0 / size) ? net.bias(1, direction, $0) : 0)
      })
    guard let biases else { return projection }
    for number in 0..<(net.steps * net.batch) {
      let to = projection.base + number * gates * size
      combine(tessera_add, to, biases.base, to, count: gates * size)
    }
    return projection
  }

  /// The numbers in memory; nil if all are 0.
  private func row(_ numbers: [Double]) throws(OperatorError) -> Elements<Float>? {
    if numbers.allSatisfy({ $0 == 0 }) { return nil }
    let values = try net.call.make(.float, [numbers.count]).values(Float.self)
    for (index, number) in numbers.enumerated() { values[index] = Float(number) }
    return values
  }

  private func combine(_ operation: tessera_operator, _ a: Row, _ b: Row, _ y: Row, count: Int? = nil) {
    Products.kernels.combine(operation, a, 1, b, 1, y, count ?? size)
  }

  private func apply(_ function: LaneFunction, _ x: Row, to y: Row? = nil) {
    var from = x
    let to = y ?? x
    if let clip {
      Products.kernels.map(tessera_clamp, -clip, clip, x, to, size)
      from = to
    }
    Products.kernels.map(function.kernel, function.p, function.q, from, to, size)
  }

  /// state ← output · activated, stored as an output too.
  private func finish(
    _ output: Row, _ activated: Row, _ state: Row, _ all: Row, _ time: Int, _ direction: Int, _ sequence: Int
  ) {
    combine(tessera_multiply, output, activated, state)
    store(state, all, time, direction, sequence)
  }

  private func store(_ state: Row, _ all: Row, _ time: Int, _ direction: Int, _ sequence: Int) {
    let place = ((time * net.directions + direction) * net.batch + sequence) * size
    (all + place).update(from: state, count: size)
  }
}
