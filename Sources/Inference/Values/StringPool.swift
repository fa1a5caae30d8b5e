internal import Synchronization

/// The texts of a session. A tensor of text holds their numbers, so that moving elements is the same for all types,
/// and equal texts have equal numbers.
package final class StringPool: Sendable {
  private struct Contents {
    var texts: [String] = []
    var numbers: [String: Int64] = [:]
  }

  private let contents = Mutex(Contents())

  package init() {}

  /// The number of `text`.
  package func number(of text: String) -> Int64 {
    contents.withLock { contents in
      if let known = contents.numbers[text] { return known }
      let number = Int64(contents.texts.count)
      contents.texts.append(text)
      contents.numbers[text] = number
      return number
    }
  }

  /// The text of a number that the pool gave out.
  package func text(_ number: Int64) -> String {
    contents.withLock { contents in
      contents.texts.indices.contains(Int(number)) ? contents.texts[Int(number)] : ""
    }
  }
}
