internal import Tensors

/// A list of words after a heading, broken at its commas where a terminal ends.
enum WrappedList {
  /// The heading, the words with commas between them, and the end of the line.
  ///
  /// - Parameter width: columns of the terminal; nil for a pipe, which gets one line.
  static func text(_ heading: String, _ words: [String], width: Int?) -> String {
    var lines = [heading]
    for (place, word) in words.map(PrintableText.line).enumerated() {
      let piece = word + (place + 1 < words.count ? ", " : "")
      let columns = DisplayWidth.columns(of: lines[lines.count - 1] + word) + 1
      if let width, columns > width, place > 0 {
        lines[lines.count - 1].removeLast()
        lines.append("  " + piece)
      } else {
        lines[lines.count - 1] += piece
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
