/// y = a ^ b: a bit is set if it is set in only one of a and b
///
/// a, b: integers of one type; shapes broadcast → y: the shape they broadcast to. Source: ONNX `BitwiseXor`, version 18.
enum BitwiseXor: BitwiseOperator {
  static var since: Int { 18 }

  @inline(__always) static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W { a ^ b }
}
