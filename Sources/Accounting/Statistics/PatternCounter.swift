internal import Tensors

/// Counts elements of at most eight bits: every statistic follows from the count of each bit pattern.
final class PatternCounter: ValueCounter {
  private let dtype: DType
  private let bits: Int
  private let small: SmallFloat?
  private var elements = 0
  private var counts = [Int](repeating: 0, count: 256)

  init(_ dtype: DType) {
    self.dtype = dtype
    // Block-quantised types have another counter.
    bits = dtype.bits ?? 8
    small = SmallFloat(dtype)
  }

  func add(_ bytes: UnsafeRawBufferPointer, count: Int) {
    let count = min(count, bytes.count * 8 / bits)
    elements += count
    if bits == 8 { return addBytes(bytes, count) }
    let mask = UInt16(1) << UInt16(bits) &- 1
    counts.withUnsafeMutableBufferPointer { counts in
      for index in 0..<count {
        // Elements start at the lowest bit; one may lie in two bytes.
        let start = index &* bits
        var pair = UInt16(bytes[start >> 3])
        if start & 7 &+ bits > 8 { pair |= UInt16(bytes[start >> 3 &+ 1]) << 8 }
        counts[Int(pair >> UInt16(start & 7) & mask)] &+= 1
      }
    }
  }

  private func addBytes(_ bytes: UnsafeRawBufferPointer, _ count: Int) {
    // Four tables, because equal neighbours would wait for each other in one.
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * 256) { tables in
      tables.initialize(repeating: 0)
      for index in 0..<count { tables[(index & 3) &* 256 &+ Int(bytes[index])] &+= 1 }
      for place in tables.indices { counts[place & 255] += Int(tables[place]) }
    }
  }

  /// The number of each bit pattern.
  private var values: [Double] {
    if let small { return small.values }
    let size = 1 << bits
    return (0..<size).map { Double(dtype.kind == .signed && $0 >= size / 2 ? $0 - size : $0) }
  }

  func tally() -> ValueTally {
    // E8M0 has the smallest numbers, from 2^−127 on; the significands below have seven more bits.
    let unit = -134
    var tally = ValueTally(unit: unit)
    tally.elements = elements
    let isWhole = small == nil
    for (value, count) in zip(values, counts) where count > 0 {
      if value.isNaN {
        tally.nan += count
        continue
      }
      let element: ElementValue = isWhole ? .whole(Int128(value)) : .real(value)
      tally.stretch(element, element)
      if value == 0 {
        tally.zeros += count
      } else if value.isInfinite {
        tally.infinite += count
      } else {
        // The significand of every such number has at most eight bits.
        let scaled = UInt128(value.significand * 128)
        let shift = Int(value.exponent) - 7 - unit
        tally.moments[0].add(sum: scaled * UInt128(count), shift: shift, isNegative: value < 0)
        tally.moments[0].add(squares: scaled * scaled * UInt128(count), shift: 2 * shift)
        tally.count(count, exponent: Int(value.exponent), isNegative: value < 0)
      }
    }
    return tally
  }
}
