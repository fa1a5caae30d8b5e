/// Numbers and ranges of numbers as one text: `20-24,30`.
public enum NumberList {
  private static let limit = 1 << 20

  /// The numbers, ascending; throws `PlanningError.badOption`.
  public static func numbers(_ text: String, option: String) throws(PlanningError) -> [Int] {
    var numbers: Set<Int> = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { Int($0.trimmed) }
      guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil,
        first >= 0,
        first <= last, last < limit
      else {
        throw .badOption(option: option, text: text, expected: "numbers such as 20-24,30", found: "'\(item)'")
      }
      numbers.formUnion(first...last)
    }
    return numbers.sorted()
  }
}
