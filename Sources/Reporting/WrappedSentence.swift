internal import Tensors

/// A sentence, broken between its words where a terminal ends.
package enum WrappedSentence {
  /// The sentence and the end of its line; lines after the first are indented.
  ///
  /// - Parameter width: columns of the terminal; nil for a pipe, which gets one line.
  package static func text(_ sentence: String, width: Int?) -> String {
    let sentence = PrintableText.line(sentence)
    guard let width, DisplayWidth.columns(of: sentence) >= width else { return sentence + "\n" }
    var lines = [""]
    for word in sentence.split(separator: " ", omittingEmptySubsequences: false) {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if DisplayWidth.columns(of: last) + 1 + DisplayWidth.columns(of: String(word)) < width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append("  " + word)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
