internal import ONNXGraph

/// y = x if the condition is true, else z
///
/// condition: BOOL; x, z: elements of one type of any kind; shapes broadcast → y: the shape that all three broadcast
/// to. Source: ONNX `Where`, versions 9, 16.
enum Where: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(1)
    return try chosen(call, try call.input(0, type: .bool), x, try call.input(2, type: x.type))
  }

  /// x if the condition is true, else z.
  static func chosen(
    _ call: OperatorCall, _ condition: Tensor, _ x: Tensor, _ z: Tensor
  ) throws(OperatorError) -> [Tensor] {
    let shape = try Layout.broadcast([condition.shape, x.shape, z.shape])
    let y = try call.make(x.type, shape)
    switch x.type.width {
    case 1: try choose(UInt8.self, condition, x, z, y)
    case 2: try choose(UInt16.self, condition, x, z, y)
    case 4: try choose(UInt32.self, condition, x, z, y)
    case 8: try choose(UInt64.self, condition, x, z, y)
    default: try choose(UInt128.self, condition, x, z, y)
    }
    return [y]
  }

  private static func choose<Word: BitwiseCopyable>(
    _: Word.Type, _ condition: Tensor, _ x: Tensor, _ z: Tensor, _ y: Tensor
  ) throws(OperatorError) {
    let walk = StridedWalk(
      y.shape, [condition, x, z].map { Layout.strides($0.shape, as: y.shape) } + [Layout.strides(y.shape)])
    let (yes, no, to) = (x.values(Word.self), z.values(Word.self), y.values(Word.self))
    let test = condition.values(UInt8.self)
    let steps = (0..<3).map(walk.rowStride)
    try walk.forEachRow { offsets throws(OperatorError) in
      for i in 0..<walk.rowCount {
        to[offsets[3] + i] =
          test[offsets[0] + i * steps[0]] != 0
          ? yes[offsets[1] + i * steps[1]] : no[offsets[2] + i * steps[2]]
      }
    }
  }
}
