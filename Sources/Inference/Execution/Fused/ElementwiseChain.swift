internal import CKernels
internal import ONNXGraph

/// Several operators on single elements, computed for some elements at a time, which stay in the cache in between. F16 and
/// BF16 are computed in binary32; each operator's result is rounded, as if the nodes ran one by one.
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
    let values: LaneAccess
    let repeats: Int
    let count: Int
  }

  func evaluate(_ call: OperatorCall) throws(OperatorError) -> Tensor? {
    var inputs: [Tensor] = []
    for index in call.inputs.indices { inputs.append(try call.input(index)) }
    let type = inputs[0].type
    guard inputs.allSatisfy({ $0.type == type }) else { return nil }
    // If shapes do not broadcast, the nodes say which of them is wrong.
    guard let shape = try? Layout.broadcast(inputs.map(\.shape)) else { return nil }
    var readings: [Reading] = []
    for input in inputs {
      guard let reading = Self.reading(input, as: shape) else { return nil }
      readings.append(reading)
    }
    let y = try call.make(type, shape)
    guard let to = LaneAccess(y) else { return nil }
    if y.count == 0 { return y }
    try call.budget.spend(lines.count, y.count)
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
        run(all, from: start, count: min(Self.block, end - start), to: to, scratch[worker])
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
    guard first >= last || Array(own[first..<last]) == Array(shape[first..<last]),
      let values = LaneAccess(input)
    else { return nil }
    return Reading(
      values: values, repeats: first < last ? shape[last...].product : 1,
      count: max(1, input.count))
  }

  private func run(
    _ readings: [Reading], from start: Int, count: Int, to y: LaneAccess,
    _ memory: UnsafeMutablePointer<Float>
  ) {
    func pointer(_ operand: Operand) -> (UnsafeMutablePointer<Float>, step: Int) {
      switch operand {
      case .register(let number): return (memory + number * Self.block, 1)
      case .input(let number):
        let reading = readings[number]
        let copy = memory + (registerCount + number) * Self.block
        if reading.count == 1 { return (reading.values.numbers(0, count: 1, copy), 0) }
        if reading.repeats == 1, start + count <= reading.count {
          return (reading.values.numbers(start, count: count, copy), 1)
        }
        Self.copy(reading, from: start, count: count, to: copy)
        return (copy, 1)
      }
    }
    for (number, line) in lines.enumerated() {
      let register = memory + line.register * Self.block
      let isLast = number == lines.count - 1
      let to = isLast ? y.results(start, register) : register
      switch line.work {
      case .map(let function, let operand):
        let (from, step) = pointer(operand)
        Products.kernels.map(function.kernel, function.p, function.q, from, to, step == 0 ? 1 : count)
        if step == 0 { to.update(repeating: to[0], count: count) }
      case .combine(let operation, let left, let right):
        let ((a, aStep), (b, bStep)) = (pointer(left), pointer(right))
        Products.kernels.combine(operation, a, aStep, b, bStep, to, count)
      }
      if isLast {
        y.finish(start, count: count, to)
      } else if let form = y.form {
        Products.kernels.round(form, to, count)
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
        let numbers = reading.values.numbers(element, count: length, target + done)
        if numbers != target + done { (target + done).update(from: numbers, count: length) }
        done += length
      } else {
        let length = min(count - done, reading.repeats - place % reading.repeats)
        let number = reading.values.numbers(element, count: 1, target + done)[0]
        (target + done).update(repeating: number, count: length)
        done += length
      }
    }
  }
}
