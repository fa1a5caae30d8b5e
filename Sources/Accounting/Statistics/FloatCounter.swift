/// Counts floating-point numbers of 16 to 64 bits.
final class FloatCounter<Bins: FloatBins>: ValueCounter {
  typealias Layout = Bins.Layout

  private var bins: Bins
  private var totals = BinTotals(Layout.binCount)
  private var found = ValueTally(unit: Layout.unit)

  init(_ bins: Bins) { self.bins = bins }

  func add(_ bytes: UnsafeRawBufferPointer, count: Int) {
    let count = min(count, bytes.count * 8 / Layout.Bits.bitWidth)
    if count == 0 { return }
    let sign = Layout.binCount / 2
    let (lowest, highest) = ([0, sign], [Layout.lastExponent, sign + Layout.lastExponent])
    let before = sums(lowest + highest)
    bins.add(bytes, count: count, to: &totals)
    let after = sums(lowest + highest)
    found.elements += count
    // Few tensors have NaN or subnormal numbers; only those need a second pass.
    let (low, high) = (
      after[0] - before[0] + after[1] - before[1], after[2] - before[2] + after[3] - before[3]
    )
    if low.fractions == 0 { found.zeros += low.count } else { countSmall(bytes, count) }
    if high.fractions == 0 {
      found.infinite += high.count
      stretch(bytes, count)
    } else {
      countLarge(bytes, count)
    }
  }

  private func sums(_ places: [Int]) -> [BinSum] {
    places.map { BinSum(count: totals.counts[$0], fractions: totals.fractions[$0]) }
  }

  private func stretch(_ bytes: UnsafeRawBufferPointer, _ count: Int) {
    var least = Layout.Ordered.max
    var greatest = Layout.Ordered.min
    for index in 0..<count {
      let place = Layout.ordered(Layout.load(bytes, index))
      least = min(least, place)
      greatest = max(greatest, place)
    }
    found.stretch(.real(Layout.value(ordered: least)), .real(Layout.value(ordered: greatest)))
  }

  /// NaN and infinities, and the range of the other numbers.
  private func countLarge(_ bytes: UnsafeRawBufferPointer, _ count: Int) {
    let infinity = Layout.Bits(Layout.lastExponent) << Layout.Bits(Layout.fractionBits)
    var (least, greatest) = (Double.infinity, -Double.infinity)
    var nan = 0
    for index in 0..<count {
      let bits = Layout.load(bytes, index)
      let magnitude = Layout.magnitude(bits)
      if magnitude > infinity {
        nan += 1
        continue
      }
      if magnitude == infinity { found.infinite += 1 }
      let value = Layout.value(bits)
      least = min(least, value)
      greatest = max(greatest, value)
    }
    found.nan += nan
    if nan < count { found.stretch(.real(least), .real(greatest)) }
  }

  /// Zeros, and subnormal numbers by their size.
  private func countSmall(_ bytes: UnsafeRawBufferPointer, _ count: Int) {
    // Indexed by the number of bits of the fraction, plus 64 for negative numbers. Zeros have index 0.
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 128) { widths in
      widths.initialize(repeating: 0)
      for index in 0..<count {
        let bits = Layout.load(bytes, index)
        let magnitude = Layout.magnitude(bits)
        if magnitude > Layout.fractionMask { continue }
        let width = Layout.Bits.bitWidth - magnitude.leadingZeroBitCount
        widths[width + (magnitude == 0 || bits == magnitude ? 0 : 64)] += 1
      }
      found.zeros += widths[0]
      for width in 1..<64 {
        found.count(widths[width], exponent: width - 1 + Layout.unit, isNegative: false)
        found.count(widths[64 + width], exponent: width - 1 + Layout.unit, isNegative: true)
      }
    }
  }

  func tally() -> ValueTally {
    var tally = found
    let sign = Layout.binCount / 2
    for bin in 0..<Layout.binCount where totals.counts[bin] > 0 {
      let (exponent, isNegative) = (bin & (sign - 1), bin >= sign)
      if exponent == Layout.lastExponent { continue }
      let shift = max(0, exponent - 1)
      let (fractions, squares) = (totals.fractions[bin], totals.squares[bin])
      tally.moments[0].add(sum: fractions, shift: shift, isNegative: isNegative)
      tally.moments[0].add(squares: squares, shift: 2 * shift)
      tally.moments[0].add(squares: totals.overflows[bin], shift: 2 * shift + 128)
      if exponent == 0 { continue }
      // The significand is f + 2^F: Σ(f + 2^F) and Σ(f + 2^F)².
      let count = UInt128(totals.counts[bin])
      tally.moments[0].add(sum: count, shift: shift + Layout.fractionBits, isNegative: isNegative)
      tally.moments[0].add(squares: fractions, shift: 2 * shift + Layout.fractionBits + 1)
      tally.moments[0].add(squares: count, shift: 2 * (shift + Layout.fractionBits))
      tally.count(
        totals.counts[bin], exponent: shift + Layout.fractionBits + Layout.unit, isNegative: isNegative)
    }
    return tally
  }
}

/// The totals of one bin; windows are compared before and after.
private struct BinSum {
  let count: Int
  let fractions: UInt128

  static func + (a: BinSum, b: BinSum) -> BinSum {
    BinSum(count: a.count + b.count, fractions: a.fractions + b.fractions)
  }

  static func - (a: BinSum, b: BinSum) -> BinSum {
    BinSum(count: a.count - b.count, fractions: a.fractions - b.fractions)
  }
}

/// Counts complex numbers; the two parts of finite elements are counted like other numbers.
final class ComplexCounter<Bins: FloatBins>: ValueCounter {
  typealias Bits = Bins.Layout.Bits

  private let parts: [FloatCounter<Bins>]
  private var found: ValueTally

  init(_ real: Bins, _ imaginary: Bins) {
    parts = [FloatCounter(real), FloatCounter(imaginary)]
    found = ValueTally(parts: 2, unit: Bins.Layout.unit)
  }

  func add(_ bytes: UnsafeRawBufferPointer, count: Int) {
    let size = Bits.bitWidth / 8
    let count = min(count, bytes.count / (2 * size))
    if count == 0 { return }
    found.elements += count
    let infinity = Bits(Bins.Layout.lastExponent) << Bits(Bins.Layout.fractionBits)
    // The parts of finite elements, the real ones first.
    withUnsafeTemporaryAllocation(of: Bits.self, capacity: 2 * count) { memory in
      var finite = 0
      for index in 0..<count {
        let (real, imaginary) = (Bins.Layout.load(bytes, 2 * index), Bins.Layout.load(bytes, 2 * index + 1))
        let (one, other) = (Bins.Layout.magnitude(real), Bins.Layout.magnitude(imaginary))
        if one > infinity || other > infinity {
          found.nan += 1
        } else if one == infinity || other == infinity {
          found.infinite += 1
        } else {
          if one == 0 && other == 0 { found.zeros += 1 }
          memory[finite] = real.littleEndian
          memory[count + finite] = imaginary.littleEndian
          finite += 1
        }
      }
      for (place, part) in parts.enumerated() {
        part.add(
          UnsafeRawBufferPointer(UnsafeMutableBufferPointer(rebasing: memory[(place * count)...])),
          count: finite)
      }
    }
  }

  func tally() -> ValueTally {
    var tally = found
    tally.moments = parts.map { $0.tally().moments[0] }
    return tally
  }
}
