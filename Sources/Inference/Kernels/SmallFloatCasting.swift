internal import ONNXGraph
internal import Tensors

extension ElementType {
  /// The values of a floating-point type of at most eight bits; nil for another type.
  var smallFloat: SmallFloat? { dtype.flatMap(SmallFloat.init) }

  /// Whether elements are floats of at most eight bits with a sign.
  var isSignedSmallFloat: Bool { smallFloat?.layout.isSigned ?? false }
}

/// Casts between floating-point numbers of at most eight bits and other types, through binary64. These types have no
/// other arithmetic.
///
/// Source: ONNX "Float stored in 8 bits", "Float stored in 4 bits".
struct SmallFloatCasting {
  let call: OperatorCall
  let x: Tensor
  let y: Tensor

  func run() throws(OperatorError) {
    let real = try call.make(.double, x.shape)
    let values = real.values(Double.self)
    if let small = x.type.smallFloat {
      let from = x.values(UInt8.self)
      for index in 0..<x.count { values[index] = small.values[Int(from[index])] }
    } else {
      let cast = try Casting.cast(call, x, to: .double)
      StridedCopy.run(x.count, from: cast, at: 0, to: real, at: 0)
    }
    guard let small = y.type.smallFloat else {
      let cast = try Casting.cast(call, real, to: y.type)
      return StridedCopy.run(y.count, from: cast, at: 0, to: y, at: 0)
    }
    let saturates = try call.flag("saturate", default: true)
    guard small.layout.isSigned else { return try scales(values, saturates) }
    let to = y.values(UInt8.self)
    for index in 0..<y.count { to[index] = small.pattern(of: values[index], saturates: saturates) }
  }

  /// E8M0 has only powers of two; `round_mode` selects one for a number between two of them.
  private func scales(_ values: Elements<Double>, _ saturates: Bool) throws(OperatorError) {
    let mode = try call.word("round_mode", ["up", "down", "nearest"], default: "up")
    let to = y.values(UInt8.self)
    for index in 0..<y.count {
      let value = values[index].magnitude
      if value.isNaN || (value.isInfinite && !saturates) {
        to[index] = 0xFF
        continue
      }
      if value.isInfinite || value == 0 {
        to[index] = value == 0 ? 0 : 0xFE
        continue
      }
      let fraction = value.significand
      let isUp = mode == "up" ? fraction > 1 : mode == "nearest" ? fraction >= 1.5 : false
      let code = Int(value.exponent) + (isUp ? 1 : 0) + 127
      to[index] = code > 0xFE ? (saturates ? 0xFE : 0xFF) : UInt8(max(0, code))
    }
  }
}
