internal import Tensors
internal import UnitModel

/// A number as a paper prints it: digits, a scale, and a way of rounding.
public struct ClaimedNumber: Hashable, Sendable {
  /// The text as it was written.
  public let text: String
  /// The digits without the point: 19 of 1.9M.
  let digits: Int
  /// The number of digits after the point: 1 for 1.9M.
  let decimals: Int
  /// The value of one unit of the number: 1,000,000 for 1.9M.
  let scale: Int
  /// Whether the number counts bytes, not parameters.
  public let isBytes: Bool

  /// How a printed number is rounded from the exact one. Documents of claims use the raw value.
  public enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// To the nearest printed number; a half may go up or down.
    case nearest
    /// Down, to the next smaller printed number.
    case down
    /// Up, to the next larger printed number.
    case up
    /// Without rounding: the printed number is the exact one.
    case exact
  }

  /// Parses `1.9M`, `7,380,276` or `64MB`, with the suffixes of a budget; nil for other texts.
  public init?(_ text: String) {
    guard let budget = try? Budget(parsing: text) else { return nil }
    isBytes = budget.quantity == .bytes
    let number = text.filter { ($0.isASCII && $0.isNumber) || $0 == "." }
    let halves = number.split(separator: ".", omittingEmptySubsequences: false)
    let decimals = halves.count == 2 ? halves[1].count : 0
    let suffix = String(text.drop { ($0.isASCII && $0.isNumber) || " .,".contains($0) }).filter { $0 != " " }
    guard decimals <= 12, let digits = Int(halves.joined()), let scale = Budget.scales[suffix]?.scale else {
      return nil
    }
    self.text = text
    self.digits = digits
    self.decimals = decimals
    self.scale = scale
  }

  /// A number of parameters, printed with all digits.
  public init(exactly count: Int) {
    text = count.grouped
    digits = count
    decimals = 0
    scale = 1
    isBytes = false
  }

  /// Whether rounding `exact` in this way gives the claimed number.
  public func follows(from exact: Int, _ rounding: Rounding) -> Bool {
    // Compares digits · scale / 10^decimals with exact, without dividing; 10^12 · 2^63 fits 128 bits.
    var power: Int128 = 1
    for _ in 0..<decimals { power *= 10 }
    let found = Int128(exact) * power
    let claimed = Int128(digits) * Int128(scale)
    switch rounding {
    case .nearest: return abs(found - claimed) * 2 <= Int128(scale) && (scale > 1 || found == claimed)
    case .down: return claimed <= found && found < claimed + Int128(scale)
    case .up: return claimed - Int128(scale) < found && found <= claimed
    case .exact: return found == claimed
    }
  }
}
