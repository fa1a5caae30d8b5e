/// Lists of numbers on one line: short ones in full, long ones with runs as `0–15` and repeats as `16 × 48`.
package enum NumberList {
  /// The longest list that is printed in full.
  private static let short = 8

  /// The numbers, separated by spaces.
  package static func text(_ numbers: [Int]) -> String {
    if numbers.count <= short { return numbers.map(String.init).joined(separator: " ") }
    var words: [String] = []
    var start = 0
    while start < numbers.count {
      let ascending = run(in: numbers, from: start) { $1 - $0 == 1 }
      let equal = run(in: numbers, from: start) { $0 == $1 }
      if ascending >= 3 {
        words.append("\(numbers[start])–\(numbers[start + ascending - 1])")
      } else if equal >= 3 {
        words.append("\(equal) × \(numbers[start])")
      } else {
        words.append(String(numbers[start]))
      }
      start += max(1, ascending >= 3 ? ascending : equal >= 3 ? equal : 1)
    }
    return words.joined(separator: " ")
  }

  /// The number of elements, from `start` on, in which all neighbours satisfy `goesOn`.
  private static func run(in numbers: [Int], from start: Int, goesOn: (Int, Int) -> Bool) -> Int {
    var end = start + 1
    while end < numbers.count, goesOn(numbers[end - 1], numbers[end]) { end += 1 }
    return end - start
  }
}
