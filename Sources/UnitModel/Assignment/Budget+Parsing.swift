extension Budget {
  /// Parses a budget: "1.9M", "500k", "7,380,276" are parameters; "64MB", "512 kB", "2GiB" are bytes; "1.5GMAC",
  /// "12kMAC", "2e6MAC" are multiply-adds; "3ms" is a time.
  ///
  /// k, M, G, T are powers of 1000, and so are kB, MB, GB, TB; KiB, MiB, GiB, TiB are powers of 1024. MAC and ms are
  /// written in upper or lower case, and only they may have an exponent. The result is rounded down to a whole
  /// parameter, byte, multiply-add or nanosecond. Throws `PlanError.badBudget`; "7B" is refused, because it can mean
  /// bytes or billions.
  ///
  /// - Parameter quantities: the quantities that are accepted.
  public init(
    parsing text: String, in quantities: Set<Quantity> = [.parameters, .bytes]
  ) throws(PlanError) {
    guard let budget = Budget(text), quantities.contains(budget.quantity) else {
      throw PlanError.badBudget(text: String(text.prefix(60)), expected: Self.expected(quantities))
    }
    self = budget
  }

  /// "a number such as 1.9M, 500k, 7,380,276 (parameters) or 64MB, 2GiB (bytes)".
  private static func expected(_ quantities: Set<Quantity>) -> String {
    var examples = Quantity.allCases.filter(quantities.contains).map { quantity in
      switch quantity {
      case .parameters: "1.9M, 500k, 7,380,276 (parameters)"
      case .bytes: "64MB, 2GiB (bytes)"
      case .multiplyAdds: "1.5GMAC (multiply-adds)"
      case .time: "3ms (a time)"
      }
    }
    let last = examples.popLast() ?? ""
    return "a number such as " + (examples.isEmpty ? last : examples.joined(separator: ", ") + " or " + last)
  }

  /// The factor of each suffix, and what it counts.
  package static let scales: [String: (scale: Int, quantity: Quantity)] = [
    "": (1, .parameters), "k": (1000, .parameters), "K": (1000, .parameters), "M": (1_000_000, .parameters),
    "G": (1_000_000_000, .parameters),
    "kB": (1000, .bytes), "KB": (1000, .bytes), "MB": (1_000_000, .bytes), "GB": (1_000_000_000, .bytes),
    "TB": (1_000_000_000_000, .bytes), "KiB": (1 << 10, .bytes), "MiB": (1 << 20, .bytes),
    "GiB": (1 << 30, .bytes), "TiB": (1 << 40, .bytes), "bytes": (1, .bytes),
  ]

  /// The suffixes of work, in lower case: they are read in any case.
  private static let workScales: [String: (scale: Int, quantity: Quantity)] = [
    "mac": (1, .multiplyAdds), "kmac": (1000, .multiplyAdds), "mmac": (1_000_000, .multiplyAdds),
    "gmac": (1_000_000_000, .multiplyAdds), "tmac": (1_000_000_000_000, .multiplyAdds),
    "ms": (1_000_000, .time),
  ]

  /// Nil for a text that is not a budget.
  private init?(_ text: String) {
    let trimmed = text.drop { $0 == " " }
    let number = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
    var suffix = String(trimmed.dropFirst(number.count))
    while suffix.last == " " { suffix.removeLast() }
    let exponent = Self.exponent(takenFrom: &suffix)
    while suffix.first == " " { suffix.removeFirst() }
    let known: (scale: Int, quantity: Quantity)?
    if let exponent {
      // 10^19 and more do not fit in 64 bits.
      guard let (scale, quantity) = Self.workScales[suffix.lowercased()], exponent <= 18 else { return nil }
      let (product, overflow) = scale.multipliedReportingOverflow(
        by: (0..<exponent).reduce(1) { power, _ in power * 10 })
      known = overflow ? nil : (product, quantity)
    } else {
      known = Self.scales[suffix] ?? Self.workScales[suffix.lowercased()]
    }
    guard let (scale, quantity) = known, let limit = Self.scaled(String(number), by: scale), limit > 0 else {
      return nil
    }
    self.init(quantity, limit: limit)
  }

  /// The exponent at the start of a suffix, which loses it: 6 of "e6MAC", "E+6 MAC"; nil if there is none.
  private static func exponent(takenFrom suffix: inout String) -> Int? {
    guard suffix.first == "e" || suffix.first == "E" else { return nil }
    var rest = suffix.dropFirst()
    if rest.first == "+" { rest.removeFirst() }
    let digits = rest.prefix { $0 >= "0" && $0 <= "9" }
    guard let exponent = Int(digits) else { return nil }
    suffix = String(rest.dropFirst(digits.count))
    return exponent
  }

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
    // part < divisor ≤ 10^18: the product may need more than 64 bits, but the quotient is less than the scale.
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
}
