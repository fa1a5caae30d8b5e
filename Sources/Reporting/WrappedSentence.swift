internal import Tensors

/// A sentence, wrapped between words at the width of the terminal.
package enum WrappedSentence {
  /// The sentence and a newline; lines after the first are indented.
  ///
  /// - Parameter width: columns of the terminal; nil for a pipe, which gets one line.
  package static func text(_ sentence: String, width: Int?) -> String {
    let sentence = PrintableText.line(sentence)
    guard let width, DisplayWidth.columns(of: sentence) >= width else { return sentence + "\n" }
    var lines = [""]
    var columns = 0
    for word in sentence.split(separator: " ", omittingEmptySubsequences: false) {
      let added = DisplayWidth.columns(of: String(word))
      if lines[lines.count - 1].isEmpty {
        lines[lines.count - 1] = String(word)
        columns = added
      } else if columns + 1 + added < width {
        lines[lines.count - 1] += " " + word
        columns += 1 + added
      } else {
        lines.append("  " + word)
        columns = 2 + added
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
