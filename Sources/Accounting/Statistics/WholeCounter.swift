/// Counts integers of 16 to 64 bits.
final class WholeCounter<Element: FixedWidthInteger>: ValueCounter {
  private var elements = 0
  private var least = Element.max
  private var greatest = Element.min
  private var sum: Int128 = 0
  private var squares: UInt128 = 0
  /// How often the squares overflowed 128 bits.
  private var overflows: UInt128 = 0
  /// Elements by the number of bits of their magnitude, plus 65 for negative ones.
  private var widths = [Int](repeating: 0, count: 130)

  func add(_ bytes: UnsafeRawBufferPointer, count: Int) {
    let size = MemoryLayout<Element>.size
    let count = min(count, bytes.count / size)
    if count == 0 { return }
    elements += count
    var (least, greatest) = (least, greatest)
    var (sum, squares, overflows): (Int128, UInt128, UInt128) = (0, squares, 0)
    widths.withUnsafeMutableBufferPointer { widths in
      for index in 0..<count {
        let value = Element(
          littleEndian: bytes.loadUnaligned(fromByteOffset: index &* size, as: Element.self))
        least = min(least, value)
        greatest = max(greatest, value)
        let magnitude = UInt64(value.magnitude)
        sum &+= Int128(value)
        let (total, overflow) = squares.addingReportingOverflow(UInt128(magnitude) &* UInt128(magnitude))
        squares = total
        if overflow { overflows &+= 1 }
        widths[64 &- magnitude.leadingZeroBitCount &+ (value < 0 ? 65 : 0)] &+= 1
      }
    }
    (self.least, self.greatest) = (least, greatest)
    // At most 2^60 elements of 64 bits, so the sum fits.
    self.sum += sum
    self.squares = squares
    self.overflows += overflows
  }

  func tally() -> ValueTally {
    var tally = ValueTally(unit: 0)
    tally.elements = elements
    if elements == 0 { return tally }
    tally.stretch(.whole(Int128(least)), .whole(Int128(greatest)))
    tally.moments[0].add(sum: sum.magnitude, shift: 0, isNegative: sum < 0)
    tally.moments[0].add(squares: squares, shift: 0)
    tally.moments[0].add(squares: overflows, shift: 128)
    tally.zeros = widths[0]
    for width in 1...64 {
      tally.count(widths[width], exponent: width - 1, isNegative: false)
      tally.count(widths[65 + width], exponent: width - 1, isNegative: true)
    }
    return tally
  }
}
