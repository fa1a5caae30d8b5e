internal import Tensors

/// Notes and warnings as lines of text: the first few of each kind, then the number of the others.
package enum NoteList {
  private static let shown = 5

  package static func text(_ notes: [(kind: String, isWarning: Bool, sentence: String)]) -> String {
    var counts: [String: Int] = [:]
    var result = ""
    for note in notes {
      counts[note.kind, default: 0] += 1
      if counts[note.kind, default: 0] <= shown {
        result += "\(note.isWarning ? "warning" : "note"): \(PrintableText.line(note.sentence))\n"
      }
    }
    for (kind, count) in counts.sorted(by: { $0.key < $1.key }) where count > shown {
      result += "note: \(count - shown) more of the kind \(kind) (--json has them all)\n"
    }
    return result
  }
}
