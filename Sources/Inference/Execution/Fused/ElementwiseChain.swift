internal import CKernels
internal import ONNXGraph

/// Several operators on single elements, computed for some elements at a time, which stay in the cache in between.
struct ElementwiseChain: FusedOperator {
  enum Operand {
    case input(Int)
    case register(Int)
  }

  enum Work {
    case map(LaneFunction, Operand)
    case combine(tessera_operator, Operand, Operand)
  }

  /// One node; its result is in a register, that of the last node in the output.
  struct Line {
    let work: Work
    let register: Int
  }

  let lines: [Line]
  let registerCount: Int

  /// Elements that are computed at a time.
  private static let block = 1024

  /// How an input is read: element i of the output needs element (i / repeats) mod count of the input.
  private struct Reading: Sendable {
    let values: Elements<Float>
    let repeats: Int
    let count: Int
  }

  func evaluate(_ call: OperatorCall) throws(OperatorError) -> Tensor? {
    var inputs: [Tensor] = []
    for index in call.inputs.indices { inputs.append(try call.input(index)) }
    guard inputs.allSatisfy({ $0.type == .float }) else { return nil }
    // If shapes do not broadcast, the nodes say which of them is wrong.
    guard let shape = try? Layout.broadcast(inputs.map(\.shape)) else { return nil }
    var readings: [Reading] = []
    for input in inputs {
      guard let reading = Self.reading(input, as: shape) else { return nil }
      readings.append(reading)
    }
    let y = try call.make(.float, shape)
    if y.count == 0 { return y }
    try call.budget.spend(lines.count, y.count)
    let to = y.values(Float.self)
    // A task computes whole blocks.
    let piece = Self.block * 16
    let tasks = (y.count + piece - 1) / piece
    let threads = y.count < 1 << 14 ? 1 : call.backend.threads
    let scratch = try Scratch(
      (registerCount + inputs.count) * Self.block, workers: min(threads, tasks), call.budget)
    let all = readings
    Parallel.tasks(tasks, threads: threads) { task, worker in
      let end = min(y.count, (task + 1) * piece)
      for start in stride(from: task * piece, to: end, by: Self.block) {
        run(all, from: start, count: min(Self.block, end - start), to: to.base, scratch[worker])
      }
    }
    return y
  }

  /// Nil if the input repeats in another way than as a whole, by rows or by elements.
  private static func reading(_ input: Tensor, as shape: [Int]) -> Reading? {
    let own = [Int](repeating: 1, count: shape.count - input.rank) + input.shape
    // From the first axis longer than 1 to the last one, the shapes must be the same.
    let first = own.firstIndex { $0 != 1 } ?? shape.count
    let last = (own.lastIndex { $0 != 1 } ?? shape.count - 1) + 1
    guard first >= last || Array(own[first..<last]) == Array(shape[first..<last]) else { return nil }
    return Reading(
      values: input.values(Float.self), repeats: first < last ? shape[last...].product : 1,
      count: max(1, input.count))
  }

  private func run(
    _ readings: [Reading], from start: Int, count: Int, to y: UnsafeMutablePointer<Float>,
    _ memory: UnsafeMutablePointer<Float>
  ) {
    func pointer(_ operand: Operand) -> (UnsafeMutablePointer<Float>, step: Int) {
      switch operand {
      case .register(let number): return (memory + number * Self.block, 1)
      case .input(let number):
        let reading = readings[number]
        if reading.count == 1 { return (reading.values.base, 0) }
        if reading.repeats == 1, start + count <= reading.count { return (reading.values.base + start, 1) }
        let copy = memory + (registerCount + number) * Self.block
        Self.copy(reading, from: start, count: count, to: copy)
        return (copy, 1)
      }
    }
    for (number, line) in lines.enumerated() {
      let to = number == lines.count - 1 ? y + start : memory + line.register * Self.block
      switch line.work {
      case .map(let function, let operand):
        let (from, step) = pointer(operand)
        Products.kernels.map(function.kernel, function.p, function.q, from, to, step == 0 ? 1 : count)
        if step == 0 { to.update(repeating: to[0], count: count) }
      case .combine(let operation, let left, let right):
        let ((a, aStep), (b, bStep)) = (pointer(left), pointer(right))
        Products.kernels.combine(operation, a, aStep, b, bStep, to, count)
      }
    }
  }

  private static func copy(
    _ reading: Reading, from start: Int, count: Int, to target: UnsafeMutablePointer<Float>
  ) {
    var done = 0
    while done < count {
      let place = start + done
      let element = place / reading.repeats % reading.count
      if reading.repeats == 1 {
        let length = min(count - done, reading.count - element)
        (target + done).update(from: reading.values.base + element, count: length)
        done += length
      } else {
        let length = min(count - done, reading.repeats - place % reading.repeats)
        (target + done).update(repeating: reading.values.base[element], count: length)
        done += length
      }
    }
  }
}
