internal import ONNXGraph

/// y = x for x ≥ 0, otherwise slope · x
///
/// x: numbers of any shape; slope: broadcasts to x → y: as x. Before version 7, a slope of one dimension has one number
/// for each channel. Source: ONNX `PRelu`, versions 1, 6, 7, 9, 16.
enum PRelu: Operator, BinaryArithmetic {
  @inline(__always) static func floats(_ x: Double, _ slope: Double) -> Double { x < 0 ? slope * x : x }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ x: W, _ slope: W) -> W {
    x < 0 ? slope &* x : x
  }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    var slope = try call.input(1)
    if call.opset < 7, slope.rank == 1, x.rank > 2 {
      slope = try slope.reshaped(slope.shape + [Int](repeating: 1, count: x.rank - 2))
    }
    guard Layout.broadcasts(slope.shape, to: x.shape) else {
      throw call.wrong(1, "a shape that broadcasts to \(shapeText(x.shape))", found: shapeText(slope.shape))
    }
    return [try Elementwise.binary(Self.self, call, x, slope)]
  }
}
