internal import Glibc
internal import ONNXGraph

/// y = aᵇ
///
/// a: numbers of any kind; b: numbers, of another kind since version 12; shapes broadcast → y: a's kind in the shape
/// they broadcast to. Source: ONNX `Pow`, versions 1, 7, 12, 13, 15.
enum Pow: Operator, BinaryArithmetic {
  @inline(__always) static func floats(_ a: Double, _ b: Double) -> Double { pow(a, b) }

  /// Computed by squaring, modulo 2ⁿ; with a negative exponent, only 1 and −1 have a result other than 0.
  static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W {
    if b < 0 {
      if a == 1 { return 1 }
      return a == 0 &- 1 ? (b & 1 == 0 ? 1 : 0 &- 1) : 0
    }
    var (result, base, rest) = (W(1), a, b)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* base }
      base = base &* base
      rest >>= 1
    }
    return result
  }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let base = try call.input(0)
    let exponent = try call.aligned(1, with: base)
    if base.type == exponent.type { return [try Elementwise.binary(Self.self, call, base, exponent)] }
    // If one of them is floating point, both are computed as floating point.
    if base.type.isFloat || exponent.type.isFloat {
      let power = try Elementwise.binary(
        Self.self, call, try Casting.cast(call, base, to: .double),
        try Casting.cast(call, exponent, to: .double))
      return [try Casting.cast(call, power, to: base.type)]
    }
    let power = try Elementwise.binary(
      Self.self, call, try Casting.cast(call, base, to: .int64), try Casting.cast(call, exponent, to: .int64))
    return [try Casting.cast(call, power, to: base.type)]
  }
}
