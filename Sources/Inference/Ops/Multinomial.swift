internal import Glibc
internal import ONNXGraph

/// y[n, i] = a class, which is c with probability eˣ⁽ⁿ˒ᶜ⁾ / Σ eˣ⁽ⁿ⁾
///
/// x: floats, [N, C]; −∞ excludes a class → y: [N, `sample_size` (1)] of the type `dtype` (INT32) or INT64. The random
/// numbers are those of `RandomStream`, not those of NumPy or ONNX Runtime. Source: ONNX `Multinomial`, versions 7, 22.
enum Multinomial: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 2)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    let type = try call.type("dtype") ?? .int32
    guard type == .int32 || type == .int64 else {
      throw OperatorError("I32 or I64", found: type.name, subject: "attribute 'dtype'")
    }
    let y = try call.make(.int64, [x.shape[0], try call.int("sample_size") ?? 1])
    let (samples, classes) = (y.shape[1], x.shape[1])
    // The search takes at most 31 steps, because no tensor has more than 2³¹ elements.
    try call.budget.spend(y.count, Int.bitWidth - classes.leadingZeroBitCount)
    try call.budget.spend(x.count)
    let (logs, to) = (try Casting.cast(call, x, to: .double).values(Double.self), y.values(Int64.self))
    let sums = try call.make(.double, [classes])
    var stream = try RandomStream(call)
    for row in 0..<x.shape[0] {
      let total = try accumulate(call, logs[(row * classes)..<((row + 1) * classes)], sums)
      for sample in 0..<samples {
        let number = stream.uniform() * total
        to[row * samples + sample] = Int64(first(in: sums, above: number))
      }
    }
    return [try Casting.cast(call, y, to: type)]
  }

  /// Sets `sums` to the sums of eˣ over all classes up to each one, divided by the greatest eˣ; returns the last.
  private static func accumulate(
    _ call: OperatorCall, _ logs: Swift.Slice<Elements<Double>>, _ sums: Tensor
  ) throws(OperatorError) -> Double {
    let greatest = logs.reduce(-Double.infinity) { $0 > $1 ? $0 : $1 }
    guard greatest.isFinite, logs.allSatisfy({ !$0.isNaN }) else {
      throw call.wrong(
        0, "logarithms of probabilities, one of them above −∞, in each row", found: "\(greatest)")
    }
    let to = sums.values(Double.self)
    var sum = 0.0
    for (place, value) in logs.enumerated() {
      sum += exp(value - greatest)
      to[place] = sum
    }
    return sum
  }

  /// The first place whose sum is above `number`, which is below the last sum.
  private static func first(in sums: Tensor, above number: Double) -> Int {
    let values = sums.values(Double.self)
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if values[middle] > number { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
