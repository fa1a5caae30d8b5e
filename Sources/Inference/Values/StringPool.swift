internal import Synchronization

/// The texts of a session. A text tensor contains their numbers, so elements of all types are moved in the same way,
/// and equal texts have equal numbers.
///
/// Texts are equal if their UTF-8 bytes are, as in ONNX: "é" and "e" followed by U+0301 are two texts. The empty text is
/// number 0, so a text tensor of zeros contains empty texts.
package final class StringPool: Sendable {
  /// Swift compares texts by canonical equivalence; this compares their bytes.
  private struct Key: Hashable {
    let text: String

    static func == (a: Key, b: Key) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  private struct Contents {
    var texts = [""]
    var numbers = [Key(text: ""): Int64(0)]
  }

  private let contents = Mutex(Contents())

  private let budget: RunBudget

  init(_ budget: RunBudget) { self.budget = budget }

  /// The number of `text`. The budget counts a new text, which stays as long as the session, because a model can make a
  /// text from every number.
  func number(of text: String) throws(OperatorError) -> Int64 {
    try contents.withLock { contents throws(OperatorError) in
      let key = Key(text: text)
      if let known = contents.numbers[key] { return known }
      // The text itself, and its entries in the list and in the dictionary.
      try budget.take(bytes: 2 * text.utf8.count + 96)
      let number = Int64(contents.texts.count)
      contents.texts.append(text)
      contents.numbers[key] = number
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
