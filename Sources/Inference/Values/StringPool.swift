internal import Synchronization

/// The texts of a session. A text tensor contains their numbers, so elements of all types are moved in the same way,
/// and equal texts have equal numbers.
package final class StringPool: Sendable {
  private struct Contents {
    var texts: [String] = []
    var numbers: [String: Int64] = [:]
  }

  private let contents = Mutex(Contents())

  private let budget: RunBudget

  init(_ budget: RunBudget) { self.budget = budget }

  /// The number of `text`. The budget counts a new text, which stays as long as the session, because a model can make a
  /// text from every number.
  func number(of text: String) throws(OperatorError) -> Int64 {
    try contents.withLock { contents throws(OperatorError) in
      if let known = contents.numbers[text] { return known }
      // The text itself, and its entries in the list and in the dictionary.
      try budget.take(bytes: 2 * text.utf8.count + 96)
      let number = Int64(contents.texts.count)
      contents.texts.append(text)
      contents.numbers[text] = number
      return number
    }
  }

  /// The text of a number that `number(of:)` returned.
  package func text(_ number: Int64) -> String {
    contents.withLock { contents in
      contents.texts.indices.contains(Int(number)) ? contents.texts[Int(number)] : ""
    }
  }
}
