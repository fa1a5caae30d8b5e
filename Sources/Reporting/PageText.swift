internal import Tensors

/// Text from files as HTML. Hidden characters are escaped as in tables on a terminal.
enum PageText {
  /// The longest name in a table without JavaScript.
  private static let nameLimit = 120

  /// The text for an element or an attribute, on one line.
  static func escaped(_ text: String) -> String {
    PrintableText.line(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;").replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }

  /// A name; a long one is shortened, with its length.
  static func name(_ text: String) -> String {
    if text.isEmpty { return "(no name)" }
    let line = PrintableText.line(text)
    guard line.unicodeScalars.count > nameLimit else { return escaped(line) }
    var start = ""
    start.unicodeScalars.append(contentsOf: line.unicodeScalars.prefix(nameLimit))
    return "\(escaped(start))… (\(line.unicodeScalars.count.grouped) characters)"
  }

  /// A paragraph with this text, which is not HTML yet.
  static func paragraph(_ text: String, _ kind: String? = nil) -> String {
    "<p\(kind.map { " class=\"\($0)\"" } ?? "")>\(escaped(text))</p>\n"
  }
}

/// A table of a page, readable without JavaScript.
struct PageTable {
  private let caption: String
  private let columns: [(title: String, isNumber: Bool)]
  private var rows = ""
  /// The number of rows.
  private(set) var count = 0

  init(_ caption: String, _ columns: [(String, Bool)]) {
    self.caption = caption
    self.columns = columns.map { ($0.0, $0.1) }
  }

  /// Adds a row; the first cell is its heading. The cells are HTML.
  mutating func append(_ cells: [String]) {
    count += 1
    rows += "<tr>"
    for (place, cell) in cells.enumerated() {
      let kind = columns[place].isNumber ? " class=\"number\"" : ""
      rows += place == 0 ? "<th scope=\"row\"\(kind)>\(cell)</th>" : "<td\(kind)>\(cell)</td>"
    }
    rows += "</tr>\n"
  }

  /// The table in an element that scrolls, so that the page does not.
  var html: String {
    let heads = columns.map { column in
      "<th scope=\"col\"\(column.isNumber ? " class=\"number\"" : "")>\(PageText.escaped(column.title))</th>"
    }
    let name = PageText.escaped(caption)
    return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"\(name)\"><table>\n"
      + "<caption>\(name)</caption>\n<thead><tr>\(heads.joined())</tr></thead>\n<tbody>\n\(rows)</tbody>\n"
      + "</table></div>\n"
  }
}
