internal import Glibc

/// y = a mod b, with the sign of b; with `fmod` = 1, with the sign of a
///
/// a, b: numbers of one kind; shapes broadcast → y: the shape they broadcast to. Before version 28,
/// floating-point numbers need `fmod`; here they never do. Source: ONNX `Mod`, versions 10, 13, 28.
enum Mod: Operator {
  static var since: Int { 10 }

  private enum Floored: BinaryArithmetic {
    /// Computed from the exact remainder, because the quotient would be rounded, and would be wrong if b is infinite.
    static func floats(_ a: Double, _ b: Double) -> Double {
      let rest = fmod(a, b)
      if rest == 0 { return b < 0 ? -0.0 : 0 }
      return (rest < 0) != (b < 0) ? rest + b : rest
    }
    static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W {
      let rest = Truncated.integers(a, b)
      return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
    }
  }

  private enum Truncated: BinaryArithmetic {
    static func floats(_ a: Double, _ b: Double) -> Double { fmod(a, b) }
    static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W {
      b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    }
  }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (a, b) = (try call.input(0), try call.input(1))
    return try call.flag("fmod")
      ? [try Elementwise.binary(Truncated.self, call, a, b)]
      : [try Elementwise.binary(Floored.self, call, a, b)]
  }
}
