internal import Tensors

/// Names and titles in Markdown, displayed unchanged. They must not become HTML, links, pictures or headings.
enum MarkdownText {
  /// Text inside a line, a cell of a table or a heading.
  ///
  /// HTML's characters become entities, because not every renderer supports `\<`. An underscore inside a word stays.
  static func escaped(_ text: String) -> String {
    let scalars = Array(PrintableText.line(text).unicodeScalars)
    var result = ""
    for (place, scalar) in scalars.enumerated() {
      let next = place + 1 < scalars.count ? scalars[place + 1] : " "
      let last = place > 0 ? scalars[place - 1] : " "
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\\", "`", "*", "[", "]", "|", "~", "$": result += "\\\(scalar)"
      case "_" where !(isWord(last) && isWord(next)): result += "\\_"
      // An address without a colon's escape would become a link.
      case ":" where next == "/": result += "\\:"
      case "." where scalars[..<place].suffix(3).elementsEqual("www".unicodeScalars): result += "\\."
      // These are special only at the beginning: headings, lists, rules and numbers of lists.
      case "#", "+", "-", "=": result += isOpening(scalars[..<place]) ? "\\\(scalar)" : String(scalar)
      case ".", ")":
        let isNumber = place > 0 && scalars[..<place].allSatisfy { ("0"..."9").contains($0) }
        result += isNumber ? "\\\(scalar)" : String(scalar)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  private static func isOpening(_ before: ArraySlice<Unicode.Scalar>) -> Bool {
    before.allSatisfy { $0.properties.isWhitespace }
  }
}
