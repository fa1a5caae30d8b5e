/// An unsigned integer of any size, for sums that must not round.
struct Natural: Equatable, Sendable {
  /// Least significant first; zeros at the end are ignored.
  private var limbs: [UInt64] = []

  /// The number 0, without limbs.
  init() {}

  /// Adds `value` × 2^`shift`; `shift` is at least 0.
  mutating func add(_ value: UInt128, shift: Int) {
    if value == 0 { return }
    let (first, bits) = (shift / 64, UInt128(shift % 64))
    let low = value << bits
    let high = bits == 0 ? 0 : UInt64(truncatingIfNeeded: value >> (128 - bits))
    add([UInt64(truncatingIfNeeded: low), UInt64(truncatingIfNeeded: low >> 64), high], at: first)
  }

  static func + (a: Natural, b: Natural) -> Natural {
    var sum = a
    sum.add(b.limbs, at: 0)
    return sum
  }

  static func * (a: Natural, b: Natural) -> Natural {
    var product = Natural()
    product.limbs = [UInt64](repeating: 0, count: a.limbs.count + b.limbs.count)
    for (place, one) in a.limbs.enumerated() where one != 0 {
      var carry: UInt128 = 0
      for (other, two) in b.limbs.enumerated() {
        // (2^64 − 1)² + 2 · (2^64 − 1) is the largest number of 128 bits.
        let sum = UInt128(one) * UInt128(two) + UInt128(product.limbs[place + other]) + carry
        product.limbs[place + other] = UInt64(truncatingIfNeeded: sum)
        carry = sum >> 64
      }
      product.limbs[place + b.limbs.count] = UInt64(truncatingIfNeeded: carry)
    }
    return product
  }

  static func * (a: Natural, b: Int) -> Natural {
    var factor = Natural()
    factor.limbs = [UInt64(b.magnitude)]
    return a * factor
  }

  /// The absolute difference, and whether `a` is smaller.
  static func difference(_ a: Natural, _ b: Natural) -> (magnitude: Natural, isNegative: Bool) {
    a < b ? (b.minus(a), true) : (a.minus(b), false)
  }

  static func < (a: Natural, b: Natural) -> Bool {
    for place in (0..<max(a.limbs.count, b.limbs.count)).reversed() {
      let (one, two) = (a.limb(place), b.limb(place))
      if one != two { return one < two }
    }
    return false
  }

  /// The number × 2^`power` ÷ `divisor`^`times`, rounded once to 53 bits, ties to even. The result is a significand in
  /// [1, 2) and an exponent; nil for 0.
  func quotient(by divisor: Int, times: Int, power: Int) -> (significand: Double, exponent: Int)? {
    guard let width = bitWidth, divisor > 0 else { return nil }
    // With at least 64 bits in the quotient, remainders are below the last bit that decides the rounding.
    let shift = max(0, 64 + 64 * times - width)
    var value = Natural()
    for (place, limb) in limbs.enumerated() { value.add(UInt128(limb), shift: 64 * place + shift) }
    var isExact = true
    for _ in 0..<times where value.divide(by: UInt64(divisor)) != 0 { isExact = false }
    guard let bits = value.bitWidth else { return nil }
    let dropped = bits - 64
    var head = UInt64(truncatingIfNeeded: value.window(from: dropped))
    if !isExact || value.hasBits(below: dropped) { head |= 1 }
    // Round 64 bits to 53: the lowest bit of the rest is set if any bit below it is.
    let (kept, rest) = (head >> 11, head & 0x7FF)
    let isUp = rest > 0x400 || rest == 0x400 && kept & 1 == 1
    let significand = Double(kept + (isUp ? 1 : 0)) * 0x1p-52
    let exponent = dropped + 63 - shift + power
    return significand == 2 ? (1, exponent + 1) : (significand, exponent)
  }

  /// The number of bits up to the highest that is set; nil for 0.
  private var bitWidth: Int? {
    limbs.lastIndex { $0 != 0 }.map { 64 * $0 + 64 - limbs[$0].leadingZeroBitCount }
  }

  private func limb(_ place: Int) -> UInt64 { limbs.indices.contains(place) ? limbs[place] : 0 }

  /// The 64 bits from bit `start` on; `start` is at least 0.
  private func window(from start: Int) -> UInt128 {
    let (place, bits) = (start / 64, UInt128(start % 64))
    return (UInt128(limb(place)) | UInt128(limb(place + 1)) << 64) >> bits
  }

  private func hasBits(below end: Int) -> Bool {
    limbs.prefix(end / 64).contains { $0 != 0 } || limb(end / 64) & ((1 << UInt64(end % 64)) - 1) != 0
  }

  private mutating func add(_ other: [UInt64], at first: Int) {
    if limbs.count < first + other.count {
      limbs += [UInt64](repeating: 0, count: first + other.count - limbs.count)
    }
    var carry: UInt64 = 0
    var place = first
    while place < first + other.count || carry != 0 {
      if place == limbs.count { limbs.append(0) }
      let sum =
        UInt128(limbs[place]) + UInt128(place - first < other.count ? other[place - first] : 0)
        + UInt128(carry)
      limbs[place] = UInt64(truncatingIfNeeded: sum)
      carry = UInt64(truncatingIfNeeded: sum >> 64)
      place += 1
    }
  }

  /// This number minus a smaller one.
  private func minus(_ other: Natural) -> Natural {
    var result = self
    var borrow = false
    for place in limbs.indices {
      let (first, one) = limbs[place].subtractingReportingOverflow(other.limb(place))
      let (second, two) = first.subtractingReportingOverflow(borrow ? 1 : 0)
      result.limbs[place] = second
      borrow = one || two
    }
    return result
  }

  /// Divides in place, and returns the remainder.
  private mutating func divide(by divisor: UInt64) -> UInt64 {
    var remainder: UInt64 = 0
    for place in limbs.indices.reversed() {
      (limbs[place], remainder) = divisor.dividingFullWidth((remainder, limbs[place]))
    }
    return remainder
  }
}
