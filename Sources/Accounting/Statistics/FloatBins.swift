/// A binary floating-point type with the layout of IEEE 754: sign, exponent, fraction.
protocol BinaryLayout {
  associatedtype Bits: FixedWidthInteger & UnsignedInteger
  associatedtype Ordered: FixedWidthInteger & SignedInteger
  static var fractionBits: Int { get }
  static var exponentBits: Int { get }
  /// The value of a bit pattern.
  static func value(_ bits: Bits) -> Double
}

extension BinaryLayout {
  /// Every finite number is a multiple of two to this power.
  static var unit: Int { 2 - (1 << (exponentBits - 1)) - fractionBits }
  /// The number of combinations of sign and exponent.
  static var binCount: Int { 2 << exponentBits }
  static var lastExponent: Int { (1 << exponentBits) - 1 }
  static var fractionMask: Bits { 1 << Bits(fractionBits) - 1 }

  /// The bits without the sign.
  @inline(__always) static func magnitude(_ bits: Bits) -> Bits { bits & (Bits.max >> 1) }

  @inline(__always) static func load(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bits {
    Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: index &* (Bits.bitWidth / 8), as: Bits.self))
  }

  /// An integer with the order of the numbers; NaNs lie beyond the infinities. The mapping is its own inverse.
  @inline(__always) static func ordered(_ bits: Bits) -> Ordered {
    let signed = Ordered(truncatingIfNeeded: bits)
    return signed ^ (signed >> Ordered(Ordered.bitWidth - 1) & Ordered.max)
  }

  static func value(ordered: Ordered) -> Double {
    value(Bits(truncatingIfNeeded: ordered ^ (ordered >> Ordered(Ordered.bitWidth - 1) & Ordered.max)))
  }
}

enum Binary16: BinaryLayout {
  typealias Bits = UInt16
  typealias Ordered = Int16
  static let fractionBits = 10
  static let exponentBits = 5
  static func value(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10) & 31, Int(bits & 0x3FF))
    let magnitude =
      exponent == 31
      ? (fraction == 0 ? Double.infinity : .nan)
      : Double(fraction + (exponent == 0 ? 0 : 1024))
        * Double(sign: .plus, exponent: max(exponent, 1) - 25, significand: 1)
    return bits >> 15 == 0 ? magnitude : -magnitude
  }
}

enum Brain16: BinaryLayout {
  typealias Bits = UInt16
  typealias Ordered = Int16
  static let fractionBits = 7
  static let exponentBits = 8
  static func value(_ bits: UInt16) -> Double { Double(Float(bitPattern: UInt32(bits) << 16)) }
}

enum Binary32: BinaryLayout {
  typealias Bits = UInt32
  typealias Ordered = Int32
  static let fractionBits = 23
  static let exponentBits = 8
  static func value(_ bits: UInt32) -> Double { Double(Float(bitPattern: bits)) }
}

enum Binary64: BinaryLayout {
  typealias Bits = UInt64
  typealias Ordered = Int64
  static let fractionBits = 52
  static let exponentBits = 11
  static func value(_ bits: UInt64) -> Double { Double(bitPattern: bits) }
}

/// For each sign and exponent, the number of elements, the sum of their fractions, and the sum of their squares, all
/// exact.
struct BinTotals {
  var counts: [Int]
  var fractions: [UInt128]
  var squares: [UInt128]
  /// How often the squares overflowed 128 bits.
  var overflows: [UInt128]

  init(_ count: Int) {
    counts = .init(repeating: 0, count: count)
    fractions = .init(repeating: 0, count: count)
    squares = fractions
    overflows = fractions
  }

  @inline(__always) mutating func add(_ bin: Int, count: Int, fractions sum: UInt128, squares more: UInt128) {
    counts[bin] += count
    fractions[bin] += sum
    let (total, overflow) = squares[bin].addingReportingOverflow(more)
    squares[bin] = total
    if overflow { overflows[bin] += 1 }
  }
}

/// Sums the fractions of a window's elements, and their squares, for each sign and exponent.
protocol FloatBins {
  associatedtype Layout: BinaryLayout
  /// Adds elements to the totals; `count` of them are in `bytes`.
  mutating func add(_ bytes: UnsafeRawBufferPointer, count: Int, to totals: inout BinTotals)
}

/// Bins of types with at most 23 bits of fraction: two sums of 64 bits, which one instruction adds.
struct NarrowBins<Layout: BinaryLayout>: FloatBins {
  /// 2^16 fractions below 2^23 add up to less than 2^39, and their squares to less than 2^62. The number of elements is
  /// in the bits above.
  private static var limit: Int { 1 << 16 }
  private static var countShift: UInt64 { 40 }

  mutating func add(_ bytes: UnsafeRawBufferPointer, count: Int, to totals: inout BinTotals) {
    let binCount = Layout.binCount
    // Two tables, because additions for neighbours with the same exponent would wait for each other.
    withUnsafeTemporaryAllocation(of: SIMD2<UInt64>.self, capacity: 2 * binCount) { cells in
      guard let even = cells.baseAddress else { return }
      let odd = even + binCount
      var start = 0
      while start < count {
        let end = min(count, start &+ Self.limit)
        cells.initialize(repeating: .zero)
        var index = start
        while index &+ 1 < end {
          Self.put(Layout.load(bytes, index), even)
          Self.put(Layout.load(bytes, index &+ 1), odd)
          index &+= 2
        }
        if index < end { Self.put(Layout.load(bytes, index), even) }
        for bin in 0..<binCount {
          let cell = even[bin] &+ odd[bin]
          if cell[0] == 0 { continue }
          totals.add(
            bin, count: Int(cell[0] >> Self.countShift),
            fractions: UInt128(cell[0] & (1 << Self.countShift - 1)), squares: UInt128(cell[1]))
        }
        start = end
      }
    }
  }

  @inline(__always) private static func put(_ bits: Layout.Bits, _ cells: UnsafeMutablePointer<SIMD2<UInt64>>)
  {
    let fraction = UInt64(truncatingIfNeeded: bits & Layout.fractionMask)
    // The index is sign and exponent, so it is below `binCount`.
    cells[Int(truncatingIfNeeded: bits >> Layout.Bits(Layout.fractionBits))] &+=
      SIMD2(fraction | 1 << countShift, fraction &* fraction)
  }
}

/// Bins of binary64, whose squares take 104 bits.
struct WideBins: FloatBins {
  typealias Layout = Binary64

  mutating func add(_ bytes: UnsafeRawBufferPointer, count: Int, to totals: inout BinTotals) {
    for index in 0..<count {
      let bits = Binary64.load(bytes, index)
      let fraction = bits & Binary64.fractionMask
      totals.add(
        Int(truncatingIfNeeded: bits >> 52), count: 1, fractions: UInt128(fraction),
        squares: UInt128(fraction) &* UInt128(fraction))
    }
  }
}
