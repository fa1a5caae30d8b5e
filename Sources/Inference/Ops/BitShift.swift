/// z = x · 2ʸ or ⌊x / 2ʸ⌋: the bits of x moved by y places to the left or to the right (`direction`: LEFT or RIGHT)
///
/// x, y: integers of one type (before version 28 unsigned); shapes broadcast → z: the shape they broadcast to. A right
/// shift repeats the sign bit. A shift that is negative or not below the number of bits moves every bit of x out: z is
/// −1 for a negative x that moves to the right, else 0. Source: ONNX `BitShift`, versions 11, 28.
enum BitShift: Operator {
  static var since: Int { 11 }

  private enum Left: IntegerArithmetic, BinaryArithmetic {
    @inline(__always) static func integers<W: FixedWidthInteger>(_ x: W, _ y: W) -> W { y < 0 ? 0 : x << y }
  }

  private enum Right: IntegerArithmetic, BinaryArithmetic {
    @inline(__always)
    static func integers<W: FixedWidthInteger>(_ x: W, _ y: W) -> W { x >> (y < 0 ? W(W.bitWidth - 1) : y) }
  }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (x, y) = (try call.integerInput(0), try call.input(1))
    let direction = try call.word("direction", ["LEFT", "RIGHT"], default: "")
    // Arithmetic is done in 64 bits, so a left shift by the width of the type or more is cut off when the result is
    // stored, and a right shift has the copies of the sign bit that it needs.
    return direction == "LEFT"
      ? [try Elementwise.binary(Left.self, call, x, y)] : [try Elementwise.binary(Right.self, call, x, y)]
  }
}
