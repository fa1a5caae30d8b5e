internal import CKernels
internal import ONNXGraph

/// A Swift type of elements with arithmetic.
///
/// Arithmetic is done in a wider type and rounded once: floating-point numbers in binary64, integers in 64 bits. Sums,
/// products, quotients and square roots of binary32 and binary16 numbers are then exactly those of IEEE 754, because
/// binary64 has more than 2p + 2 digits, where p is their number of digits.
protocol Element: BitwiseCopyable, Sendable {
  associatedtype Wide: WideNumber
  static var type: ElementType { get }
  var wide: Wide { get }
  /// Floating point: rounded to nearest, ties to even. Integers: modulo 2ⁿ, as in ONNX.
  init(narrowing wide: Wide)
}

/// A type in which arithmetic is done.
protocol WideNumber: BitwiseCopyable, Comparable, Sendable {
  static var zero: Self { get }
  static var one: Self { get }
  /// A value below every number (`lowest`) and one above (`highest`); for integers, the least and the greatest.
  static var lowest: Self { get }
  static var highest: Self { get }
  func adding(_ other: Self) -> Self
  func multiplied(by other: Self) -> Self
  var isNotANumber: Bool { get }
  var asDouble: Double { get }
  /// Rounded towards zero; a number outside the range becomes the nearest value.
  init(clamping number: Double)
  /// Applies `Op` to numbers of this kind.
  static func apply<Op: BinaryArithmetic>(_: Op.Type, _ a: Self, _ b: Self) -> Self
  static func apply<Op: UnaryArithmetic>(_: Op.Type, _ a: Self) -> Self
}

/// An operator on two numbers: only its meaning, without loops or types of tensors.
protocol BinaryArithmetic {
  static func floats(_ a: Double, _ b: Double) -> Double
  static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W
  /// The same for binary32 numbers by vectors; nil if there is none. Sums, products and quotients of binary32 numbers,
  /// computed in binary64 and rounded once, are the same as those computed in binary32.
  static var kernel: tessera_operator? { get }
}

extension BinaryArithmetic {
  static var kernel: tessera_operator? { nil }
}

/// An operator on one number, floating point or integer.
protocol UnaryArithmetic {
  static func floats(_ x: Double) -> Double
  static func integers<W: FixedWidthInteger>(_ x: W) -> W
}

extension Double: WideNumber {
  static var one: Double { 1 }
  static var lowest: Double { -.infinity }
  static var highest: Double { .infinity }
  @inline(__always) func adding(_ other: Double) -> Double { self + other }
  @inline(__always) func multiplied(by other: Double) -> Double { self * other }
  var isNotANumber: Bool { isNaN }
  var asDouble: Double { self }
  init(clamping number: Double) { self = number }
  @inline(__always)
  static func apply<Op: BinaryArithmetic>(_: Op.Type, _ a: Double, _ b: Double) -> Double { Op.floats(a, b) }
  @inline(__always) static func apply<Op: UnaryArithmetic>(_: Op.Type, _ a: Double) -> Double { Op.floats(a) }
}

extension WideNumber where Self: FixedWidthInteger {
  static var one: Self { 1 }
  static var lowest: Self { .min }
  static var highest: Self { .max }
  @inline(__always) func adding(_ other: Self) -> Self { self &+ other }
  @inline(__always) func multiplied(by other: Self) -> Self { self &* other }
  var isNotANumber: Bool { false }
  var asDouble: Double { Double(self) }
  init(clamping number: Double) {
    self =
      number.isNaN ? 0 : Self(exactly: number.rounded(.towardZero)) ?? (number < 0 ? Self.min : Self.max)
  }
  @inline(__always)
  static func apply<Op: BinaryArithmetic>(_: Op.Type, _ a: Self, _ b: Self) -> Self { Op.integers(a, b) }
  @inline(__always) static func apply<Op: UnaryArithmetic>(_: Op.Type, _ a: Self) -> Self { Op.integers(a) }
}

extension Int64: WideNumber {}
extension UInt64: WideNumber {}

extension Float: Element {
  static var type: ElementType { .float }
  @inline(__always) var wide: Double { Double(self) }
  @inline(__always) init(narrowing wide: Double) { self = Float(wide) }
}

extension Double: Element {
  static var type: ElementType { .double }
  @inline(__always) var wide: Double { self }
  @inline(__always) init(narrowing wide: Double) { self = wide }
}

extension Float16: Element {
  static var type: ElementType { .float16 }
  @inline(__always) var wide: Double { Double(self) }
  @inline(__always) init(narrowing wide: Double) { self = Float16(wide) }
}

extension Element where Self: FixedWidthInteger, Wide == Int64 {
  @inline(__always) var wide: Int64 { Int64(truncatingIfNeeded: self) }
  @inline(__always) init(narrowing wide: Int64) { self = Self(truncatingIfNeeded: wide) }
}

extension Int8: Element {
  typealias Wide = Int64
  static var type: ElementType { .int8 }
}

extension Int16: Element {
  typealias Wide = Int64
  static var type: ElementType { .int16 }
}

extension Int32: Element {
  typealias Wide = Int64
  static var type: ElementType { .int32 }
}

extension Int64: Element {
  typealias Wide = Int64
  static var type: ElementType { .int64 }
}

extension UInt8: Element {
  typealias Wide = Int64
  static var type: ElementType { .uint8 }
}

extension UInt16: Element {
  typealias Wide = Int64
  static var type: ElementType { .uint16 }
}

extension UInt32: Element {
  typealias Wide = Int64
  static var type: ElementType { .uint32 }
}

extension UInt64: Element {
  static var type: ElementType { .uint64 }
  @inline(__always) var wide: UInt64 { self }
  @inline(__always) init(narrowing wide: UInt64) { self = wide }
}

/// The upper half of a binary32.
struct BFloat16: Element {
  let bits: UInt16
  static var type: ElementType { .bfloat16 }
  @inline(__always) var wide: Double { Double(Float(bitPattern: UInt32(bits) << 16)) }

  /// Rounded to nearest, ties to even. Rounding twice, first to binary32, would sometimes be wrong by one bit, so the
  /// first step rounds to odd.
  init(narrowing wide: Double) {
    let float = Float(wide)
    var word = float.bitPattern
    if float.isNaN {
      bits = UInt16(truncatingIfNeeded: word >> 16) | 0x40
      return
    }
    if Double(float) != wide, !float.isInfinite, word & 1 == 0 {
      word = Double(float).magnitude > wide.magnitude ? word - 1 : word + 1
    }
    word += 0x7FFF + ((word >> 16) & 1)
    bits = UInt16(truncatingIfNeeded: word >> 16)
  }
}
