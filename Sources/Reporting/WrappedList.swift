internal import Tensors

/// A heading and a list of words, wrapped after commas at the width of the terminal.
enum WrappedList {
  /// The heading, the words separated by commas, and a newline.
  ///
  /// - Parameter width: columns of the terminal; nil for a pipe, which gets one line.
  static func text(_ heading: String, _ words: [String], width: Int?) -> String {
    var lines = [heading]
    // Only the columns of the last line are counted: a pipe's single line may have tens of thousands of words.
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
