public import Tensors

/// The largest cost that a sub-network may have.
public enum Budget: Hashable, Sendable, CustomStringConvertible {
  /// At most this many parameters, as the counting policy counts them.
  case parameters(ParameterCount)
  /// At most this many bytes.
  case bytes(ByteCount)

  /// "7,380,276 parameters", "64,000,000 bytes".
  public var description: String {
    switch self {
    case .parameters(let count): "\(count) parameters"
    case .bytes(let count): "\(count.value.grouped) bytes"
    }
  }
}

/// The cost of one level, for the choice within a budget.
public struct LevelTotal: Hashable, Sendable {
  /// The level's number, from 1.
  public let level: LevelNumber
  /// Its parameters, counted under the policy of the budget.
  public let parameters: ParameterCount
  /// The bytes of these parameters.
  public let bytes: ByteCount

  /// The cost of a level; both numbers must be counted under the same policy.
  public init(level: LevelNumber, parameters: ParameterCount, bytes: ByteCount) {
    self.level = level
    self.parameters = parameters
    self.bytes = bytes
  }
}

extension Budget {
  /// Parses a budget: "1.9M", "500k", "7,380,276" are parameters; "64MB", "512 kB", "2GiB" are bytes.
  ///
  /// k, M, G are powers of 1000, and so are kB, MB, GB, TB; KiB, MiB, GiB, TiB are powers of 1024. The result is
  /// rounded down to a whole parameter or byte. Throws `PlanError.badBudget`; "7B" is refused, because it can mean
  /// bytes or billions.
  public init(parsing text: String) throws(PlanError) {
    let expected = "a number such as 1.9M, 500k, 7,380,276 (parameters) or 64MB, 2GiB (bytes)"
    let bad = PlanError.badBudget(text: String(text.prefix(60)), expected: expected)
    let trimmed = text.drop { $0 == " " }
    let number = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
    var suffix = String(trimmed.dropFirst(number.count))
    while suffix.last == " " { suffix.removeLast() }
    while suffix.first == " " { suffix.removeFirst() }
    guard let (scale, isBytes) = Budget.scales[suffix],
      let value = Budget.scaled(String(number), by: scale), value > 0
    else { throw bad }
    self = isBytes ? .bytes(ByteCount(value)) : .parameters(ParameterCount(value))
  }

  /// The factor of each suffix, and whether it counts bytes.
  package static let scales: [String: (scale: Int, isBytes: Bool)] = [
    "": (1, false), "k": (1000, false), "K": (1000, false), "M": (1_000_000, false),
    "G": (1_000_000_000, false),
    "kB": (1000, true), "KB": (1000, true), "MB": (1_000_000, true), "GB": (1_000_000_000, true),
    "TB": (1_000_000_000_000, true), "KiB": (1 << 10, true), "MiB": (1 << 20, true), "GiB": (1 << 30, true),
    "TiB": (1 << 40, true), "bytes": (1, true),
  ]

  /// A decimal number times a scale, computed exactly and rounded down; nil if it is not a number or does not fit.
  private static func scaled(_ text: String, by scale: Int) -> Int? {
    let halves = text.split(separator: ".", omittingEmptySubsequences: false)
    guard halves.count <= 2, let whole = grouped(halves[0]) else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: scale)
    if overflow { return nil }
    guard halves.count == 2 else { return scaled }
    let digits = halves[1]
    guard (1...18).contains(digits.count), digits.allSatisfy({ $0 >= "0" && $0 <= "9" }),
      let part = UInt(digits)
    else { return nil }
    var divisor: UInt = 1
    for _ in digits { divisor *= 10 }
    // part < 10^18 and scale ≤ 2^40: the product may need more than 64 bits, but the quotient fits.
    let product = part.multipliedFullWidth(by: UInt(scale))
    let (sum, over) = scaled.addingReportingOverflow(Int(divisor.dividingFullWidth(product).quotient))
    return over ? nil : sum
  }

  /// The value of digits with commas only between thousands; nil for other texts.
  private static func grouped(_ text: Substring) -> Int? {
    let groups = text.split(separator: ",", omittingEmptySubsequences: false)
    guard let first = groups.first, !first.isEmpty, groups.count == 1 || first.count <= 3,
      groups.dropFirst().allSatisfy({ $0.count == 3 }),
      groups.allSatisfy({ $0.allSatisfy { $0 >= "0" && $0 <= "9" } })
    else { return nil }
    return Int(groups.joined())
  }

  /// The highest level that fits the budget; a higher level need not be larger.
  ///
  /// Throws `PlanError.nothingFits` with the task and the size of the smallest level.
  public func select(from totals: [LevelTotal], of task: TaskID) throws(PlanError) -> LevelNumber {
    let fitting: [LevelTotal]
    let smallest: String
    switch self {
    case .parameters(let budget):
      fitting = totals.filter { $0.parameters <= budget }
      smallest = totals.map(\.parameters).min().map { "\($0) parameters" } ?? "nothing: there are no levels"
    case .bytes(let budget):
      fitting = totals.filter { $0.bytes <= budget }
      smallest =
        totals.map(\.bytes).min().map { "\($0.value.grouped) bytes" }
        ?? "nothing: there are no levels"
    }
    guard let level = fitting.map(\.level).max() else {
      throw .nothingFits(task: task, budget: self, smallest: smallest)
    }
    return level
  }
}
