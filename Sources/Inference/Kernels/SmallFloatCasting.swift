internal import Glibc
internal import ONNXGraph

/// Floating-point numbers of at most eight bits. They have no arithmetic, only casts.
///
/// Source: ONNX "Float stored in 8 bits", "Float stored in 4 bits"; OCP OFP8 and MX specifications.
struct SmallFloatFormat {
  let exponentBits: Int
  let mantissaBits: Int
  let bias: Int
  /// Whether the largest exponent means infinity and NaN, as in IEEE 754.
  var hasInfinity = false
  /// The code of NaN; nil if the format has none.
  var nan: UInt8?
  var isSigned = true

  init?(_ type: ElementType) {
    switch type {
    case .float8E4M3FN: (exponentBits, mantissaBits, bias, nan) = (4, 3, 7, 0x7F)
    case .float8E4M3FNUZ: (exponentBits, mantissaBits, bias, nan) = (4, 3, 8, 0x80)
    case .float8E5M2: (exponentBits, mantissaBits, bias, hasInfinity, nan) = (5, 2, 15, true, 0x7E)
    case .float8E5M2FNUZ: (exponentBits, mantissaBits, bias, nan) = (5, 2, 16, 0x80)
    case .float4E2M1: (exponentBits, mantissaBits, bias) = (2, 1, 1)
    case .float6E2M3: (exponentBits, mantissaBits, bias) = (2, 3, 1)
    case .float6E3M2: (exponentBits, mantissaBits, bias) = (3, 2, 3)
    case .float8E8M0: (exponentBits, mantissaBits, bias, nan, isSigned) = (8, 0, 127, 0xFF, false)
    default: return nil
    }
  }

  private var signBit: UInt8 { isSigned ? 1 << UInt8(exponentBits + mantissaBits) : 0 }

  func number(_ bits: UInt8) -> Double {
    if bits == nan { return .nan }
    let magnitude = isSigned ? bits & (signBit - 1) : bits
    if nan == 0x7F, magnitude == 0x7F { return .nan }
    let sign = bits & signBit != 0 ? -1.0 : 1.0
    let exponent = Int(magnitude >> UInt8(mantissaBits))
    let mantissa = Double(magnitude & (1 << UInt8(mantissaBits) - 1)) / Double(1 << mantissaBits)
    if hasInfinity, exponent == 1 << exponentBits - 1 { return mantissa == 0 ? sign * .infinity : .nan }
    if !isSigned { return ldexp(1, Int32(exponent - bias)) }
    return exponent == 0
      ? sign * ldexp(mantissa, Int32(1 - bias)) : sign * ldexp(1 + mantissa, Int32(exponent - bias))
  }

  /// The code of the greatest finite number.
  private var greatest: UInt8 {
    let all = isSigned ? signBit - 1 : 0xFF
    if hasInfinity { return all - (1 << UInt8(mantissaBits)) }
    return nan == 0x7F || nan == 0xFF ? all - 1 : all
  }

  /// The nearest number, ties to even. A number that is too large becomes the greatest one with `saturates`, else
  /// infinity or NaN.
  func bits(_ number: Double, saturates: Bool) -> UInt8 {
    // A format without NaN has −0 instead.
    if number.isNaN { return nan ?? signBit }
    let sign: UInt8 = number.sign == .minus ? signBit : 0
    let magnitude = number.magnitude
    let largest = self.number(greatest)
    if magnitude.isInfinite && !saturates {
      return hasInfinity ? sign | (greatest + 1) : (nan ?? greatest) | (nan == 0x7F ? sign : 0)
    }
    let exponent = magnitude == 0 || magnitude.isInfinite ? 1 - bias : max(1 - bias, Int(magnitude.exponent))
    let step = ldexp(1, Int32(exponent - mantissaBits))
    let rounded = magnitude.isInfinite ? .infinity : (magnitude / step).rounded(.toNearestOrEven) * step
    if rounded > largest {
      if saturates { return sign | greatest }
      return hasInfinity ? sign | (greatest + 1) : (nan ?? greatest) | (nan == 0x7F ? sign : 0)
    }
    var code: UInt8 = 0
    if rounded > 0 {
      let power = max(1 - bias, Int(rounded.exponent))
      let units = Int(ldexp(rounded, Int32(mantissaBits - power)))
      code = UInt8(truncatingIfNeeded: (power + bias - 1) << mantissaBits + units)
    }
    // A format without −0 uses its code for NaN.
    return code == 0 && nan == 0x80 ? 0 : sign | code
  }
}

extension ElementType {
  var isSmallFloat: Bool { SmallFloatFormat(self) != nil }
}

/// Casts between these numbers and other types, through binary64.
struct SmallFloatCasting {
  let call: OperatorCall
  let x: Tensor
  let y: Tensor

  func run() throws(OperatorError) {
    let real = try call.make(.double, x.shape)
    let values = real.values(Double.self)
    if let format = SmallFloatFormat(x.type) {
      let from = x.values(UInt8.self)
      for index in 0..<x.count { values[index] = format.number(from[index]) }
    } else {
      let cast = try Casting.cast(call, x, to: .double)
      StridedCopy.run(x.count, from: cast, at: 0, to: real, at: 0)
    }
    guard let format = SmallFloatFormat(y.type) else {
      let cast = try Casting.cast(call, real, to: y.type)
      return StridedCopy.run(y.count, from: cast, at: 0, to: y, at: 0)
    }
    let saturates = try call.flag("saturate", default: true)
    guard format.isSigned else { return try scales(values, saturates) }
    let to = y.values(UInt8.self)
    for index in 0..<y.count { to[index] = format.bits(values[index], saturates: saturates) }
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
