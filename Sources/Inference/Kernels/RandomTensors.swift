internal import Glibc
internal import ONNXGraph

/// Tensors of random numbers.
enum RandomTensors {
  /// `mean` (0) + `scale` (1) · a normal number, by the method of Box and Muller (1958).
  static func normal(
    _ call: OperatorCall, _ type: ElementType, _ shape: [Int]
  ) throws(OperatorError) -> [Tensor] {
    let (mean, scale) = (try call.float("mean") ?? 0, try call.float("scale") ?? 1)
    return [
      try fill(call, type, shape) { stream in
        // The first number is above 0, so that its logarithm is finite.
        let radius = (-2 * log(1 - stream.uniform())).squareRoot()
        return mean + scale * radius * cos(2 * .pi * stream.uniform())
      }
    ]
  }

  /// `low` (0) + (`high` (1) − low) · a number of [0, 1) that the type represents exactly.
  static func uniform(
    _ call: OperatorCall, _ type: ElementType, _ shape: [Int]
  ) throws(OperatorError) -> [Tensor] {
    let (low, high) = (try call.float("low") ?? 0, try call.float("high") ?? 1)
    // Numbers with more bits than the type has would be rounded, some of them up to `high`.
    let bits =
      switch type {
      case .bfloat16: 8
      case .float16: 11
      case .float: 24
      default: 53
      }
    return [try fill(call, type, shape) { low + (high - low) * $0.uniform(bits: bits) }]
  }

  /// BOOL: true with the probability `chance(i)` at place i.
  static func choices(
    _ call: OperatorCall, _ shape: [Int], _ chance: (Int) throws(OperatorError) -> Double
  ) throws(OperatorError) -> Tensor {
    let y = try call.make(.bool, shape)
    let to = y.values(UInt8.self)
    var stream = try RandomStream(call)
    for place in 0..<y.count { to[place] = stream.uniform() < (try chance(place)) ? 1 : 0 }
    return y
  }

  private static func fill(
    _ call: OperatorCall, _ type: ElementType, _ shape: [Int],
    _ draw: @escaping (inout RandomStream) -> Double
  ) throws(OperatorError) -> Tensor {
    try type.visitFloats(Fill(call: call, type: type, shape: shape, draw: draw))
  }

  private struct Fill: FloatVisitor {
    let call: OperatorCall
    let type: ElementType
    let shape: [Int]
    let draw: (inout RandomStream) -> Double

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let y = try call.make(type, shape)
      let to = y.values(T.self)
      var stream = try RandomStream(call)
      for place in 0..<y.count { to[place] = T(narrowing: draw(&stream)) }
      return y
    }
  }
}
