internal import Tensors

/// A list of words after a heading, broken at its commas where a terminal ends.
enum WrappedList {
  /// The heading, the words with commas between them, and the end of the line.
  ///
  /// - Parameter width: columns of the terminal; nil for a pipe, which gets one line.
  static func text(_ heading: String, _ words: [String], width: Int?) -> String {
    var lines = [heading]
    // Of the last line: a pipe's one line may have tens of thousands of words.
    var columns = DisplayWidth.columns(of: heading)
    for (place, word) in words.map(PrintableText.line).enumerated() {
      let isLast = place + 1 == words.count
      let added = DisplayWidth.columns(of: word)
      if let width, columns + added + 1 > width, place > 0 {
        lines[lines.count - 1].removeLast()
        lines.append("  ")
        columns = 2
      }
      lines[lines.count - 1] += word + (isLast ? "" : ", ")
      columns += added + (isLast ? 0 : 2)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
