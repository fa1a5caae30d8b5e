internal import Tensors
internal import UnitModel

/// A number as a paper prints it: some digits, a scale, and how it was rounded.
public struct ClaimedNumber: Hashable, Sendable {
  /// The text as it was written.
  public let text: String
  /// The digits without the point: 19 of 1.9M.
  let digits: Int
  /// How many of them stand behind the point.
  let decimals: Int
  /// What one unit of the number is: 1,000,000 of 1.9M.
  let scale: Int
  /// Whether bytes are claimed, not parameters.
  public let isBytes: Bool

  /// How a printed number came from an exact one. The raw value is a claim's spelling.
  public enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// To the nearest printed number; halves either way.
    case nearest
    /// Cut off.
    case down
    /// To the next larger.
    case up
    /// Not at all.
    case exact
  }

  /// The number that a text such as `1.9M`, `7,380,276` or `64MB` spells, in the words of a budget; nil when it is none.
  public init?(_ text: String) {
    guard let budget = try? Budget(parsing: text) else { return nil }
    if case .bytes = budget { isBytes = true } else { isBytes = false }
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

  /// The exact number of parameters.
  public init(exactly count: Int) {
    text = ParameterCount(count).description
    digits = count
    decimals = 0
    scale = 1
    isBytes = false
  }

  /// Whether the claim follows from an exact number.
  public func follows(from exact: Int, _ rounding: Rounding) -> Bool {
    // digits · scale / 10^decimals against exact, without dividing; 10^12 · 2^63 fits 128 bits.
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
