internal import ONNXGraph

/// Code that `LSTM`, `GRU` and `RNN` share: shapes, directions, lengths, activations, projections.
struct Recurrence {
  let call: OperatorCall
  /// T steps, B sequences, I inputs, H hidden, D directions.
  let steps: Int
  let batch: Int
  let hidden: Int
  let directions: Int
  let type: ElementType
  private let gates: Int
  private let inputs: Int
  private let isReverse: Bool
  private let isBatchFirst: Bool
  /// The type of the sums: binary32 if a backend with vectors computes binary32, else binary64.
  private let work: ElementType
  /// [T, B, I], [D, gates·H, I], [D, gates·H, H] of this type
  private let x: Tensor
  private let w: Tensor
  private let r: Tensor
  /// [D, 2·gates·H]
  private let bias: [Double]?
  private let lengths: [Int]
  private let clip: Double?
  private let activations: RecurrentActivations

  init(_ call: OperatorCall, gates: Int, activations defaults: [String]) throws(OperatorError) {
    self.call = call
    self.gates = gates
    let given = try call.input(0, rank: 3)
    type = given.type
    let direction = try call.word(
      "direction", ["forward", "reverse", "bidirectional"], default: "forward")
    isReverse = direction == "reverse"
    directions = direction == "bidirectional" ? 2 : 1
    isBatchFirst = try call.flag("layout")
    activations = try RecurrentActivations(call, defaults: defaults, directions: directions)
    let isFast = call.backend.vectorises && type == .float && activations.kernels != nil
    work = isFast ? .float : .double
    x = try Casting.cast(call, try Self.swapped(call, given, isBatchFirst), to: work)
    (steps, batch, inputs) = (x.shape[0], x.shape[1], x.shape[2])
    let recurrent = try call.input(2, rank: 3)
    hidden = recurrent.shape[2]
    guard hidden >= 1, try call.int("hidden_size") ?? hidden == hidden else {
      throw call.wrongAttribute("hidden_size", "\(hidden), as R has")
    }
    for (index, last) in [(1, inputs), (2, hidden)] {
      let shape = [directions, gates * hidden, last]
      guard try call.input(index).shape == shape else {
        throw call.wrong(index, shapeText(shape), found: shapeText(try call.input(index).shape))
      }
    }
    w = try Casting.cast(call, try call.input(1), to: work)
    r = try Casting.cast(call, recurrent, to: work)
    bias = call.optional(3) == nil ? nil : try call.reals(3, count: directions * 2 * gates * hidden)
    // A tensor without elements can have 2³¹ sequences.
    guard batch <= 1 << 20 else { throw call.wrong(0, "at most \(1 << 20) sequences", found: "\(batch)") }
    lengths = try call.integers(4) ?? [Int](repeating: steps, count: batch)
    let last = steps
    guard lengths.count == batch, lengths.allSatisfy({ $0 >= 0 && $0 <= last }) else {
      throw call.wrong(4, "\(batch) lengths of 0 to \(steps)", found: shapeText(lengths))
    }
    clip = try call.float("clip")
    try call.budget.spend(product: steps, batch, directions * gates * hidden, inputs + hidden)
    // Gates are computed even in runs that only count products.
    try call.budget.spend(steps, batch, directions * gates * hidden)
  }

  /// The activation number `index` of a direction; with `clip`, its argument is clipped first.
  func activation(_ index: Int, _ direction: Int) -> (Double) -> Double {
    let all = activations.functions
    let function = all[direction * (all.count / directions) + index]
    guard let clip else { return function }
    return { function($0.clamped(-clip, clip)) }
  }

  /// The steps with vectors; nil if the sums are in binary64.
  var vectors: RecurrentVectors? {
    work == .float ? RecurrentVectors(self, clip: clip.map { Float($0) }) : nil
  }

  /// The kernel of the activation number `index` of a direction.
  func kernel(_ index: Int, _ direction: Int) -> LaneFunction {
    let all = activations.kernels ?? []
    return all[direction * (all.count / directions) + index]
  }

  /// W's bias (part 0) or R's (part 1).
  func bias(_ part: Int, _ direction: Int, _ row: Int) -> Double {
    bias.map { $0[(direction * 2 + part) * gates * hidden + row] } ?? 0
  }

  /// x · Wᵀ: [T·B, gates·H]
  func projection(_ direction: Int) throws(OperatorError) -> Tensor {
    let rows = MatrixView(
      tensor: x, rows: steps * batch, columns: inputs, rowStride: inputs, columnStride: 1)
    return try product(rows, w, depth: inputs, direction, 0..<gates)
  }

  /// h · Rᵀ: [B, gates·H], with h: [D, B, H]
  ///
  /// - Parameter wanted: the gates of R to compute; all by default.
  func recurrent(_ h: Tensor, _ direction: Int, wanted: Range<Int>? = nil) throws(OperatorError) -> Tensor {
    let rows = MatrixView(
      tensor: h, offset: direction * batch * hidden, rows: batch, columns: hidden, rowStride: hidden,
      columnStride: 1)
    return try product(rows, r, depth: hidden, direction, wanted ?? 0..<gates)
  }

  private func product(
    _ rows: MatrixView, _ weights: Tensor, depth: Int, _ direction: Int, _ wanted: Range<Int>
  ) throws(OperatorError) -> Tensor {
    let y = try call.make(work, [rows.rows, wanted.count * hidden])
    let matrix = MatrixView(
      tensor: weights, offset: (direction * gates + wanted.lowerBound) * hidden * depth,
      rows: wanted.count * hidden, columns: depth, rowStride: depth, columnStride: 1)
    try call.backend.multiply(MatrixProduct(a: rows, b: matrix.transposed, y: y))
    return y
  }

  /// An initial state, [D, B, H]; zeros if it is not given.
  func state(_ index: Int) throws(OperatorError) -> Tensor {
    let state = try call.zeros(work, [directions, batch, hidden])
    guard let given = call.optional(index) else { return state }
    let shaped = try Self.swapped(call, given, isBatchFirst && given.rank == 3)
    guard shaped.shape == state.shape else {
      throw call.wrong(index, shapeText(state.shape), found: shapeText(given.shape))
    }
    return try Casting.cast(call, shaped, to: work).copied(call)
  }

  /// The outputs of all steps, [T, D, B, H], with zeros.
  func outputs() throws(OperatorError) -> Tensor { try call.zeros(work, [steps, directions, batch, hidden]) }

  /// The state converted to the type of the outputs: [D, B, H], or [B, D, H] if the batch comes first.
  func finished(_ state: Tensor) throws(OperatorError) -> Tensor {
    try Casting.cast(call, try Self.swapped(call, state, isBatchFirst), to: type)
  }

  /// All states converted to the type of the outputs: [T, D, B, H], or [B, T, D, H] if the batch comes first.
  func finished(all y: Tensor) throws(OperatorError) -> Tensor {
    guard isBatchFirst else { return try Casting.cast(call, y, to: type) }
    let strides = Layout.strides(y.shape)
    let order = [2, 0, 1, 3]
    let swapped = try StridedCopy.gathered(
      call, y, shape: order.map { y.shape[$0] }, offset: 0, strides: order.map { strides[$0] })
    return try Casting.cast(call, swapped, to: type)
  }

  /// The index of a sequence's element at step number `step`; nil after the end of the sequence.
  func time(_ step: Int, _ sequence: Int, _ direction: Int) -> Int? {
    guard step < lengths[sequence] else { return nil }
    return isReverse || direction == 1 ? lengths[sequence] - 1 - step : step
  }

  private static func swapped(_ call: OperatorCall, _ x: Tensor, _ isSwapped: Bool) throws(OperatorError)
    -> Tensor
  {
    guard isSwapped else { return x }
    let strides = Layout.strides(x.shape)
    return try StridedCopy.gathered(
      call, x, shape: [x.shape[1], x.shape[0], x.shape[2]], offset: 0,
      strides: [strides[1], strides[0], strides[2]])
  }
}

extension Tensor {
  /// The same elements in new memory.
  func copied(_ call: OperatorCall) throws(OperatorError) -> Tensor {
    let copy = try call.make(type, shape)
    StridedCopy.run(count, from: self, at: 0, to: copy, at: 0)
    return copy
  }
}
