internal import Tensors

/// Rows of text in aligned columns.
package struct TextTable: Sendable {
  /// One column.
  package struct Column: Sendable {
    package let title: String
    package let alignment: Alignment
    /// Whether the column is shortened if the table is too wide.
    package let shrinks: Bool

    package init(_ title: String, _ alignment: Alignment = .left, shrinks: Bool = false) {
      self.title = title
      self.alignment = alignment
      self.shrinks = shrinks
    }
  }

  package enum Alignment: Sendable { case left, right }

  private let columns: [Column]
  private var rows: [[String]] = []
  /// The styles of cells that have one, by row and column.
  private var styles: [[Int: PaintedText.Style]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with one cell for each column; control characters in cells are escaped, so that a row stays one line.
  package mutating func append(_ cells: [String]) { append(cells, styles: [:]) }

  /// Adds a row; `styles` has the styles of cells by column.
  package mutating func append(_ cells: [String], styles: [Int: PaintedText.Style]) {
    rows.append(cells.map { PrintableText.page(PrintableText.line($0), as: .text) })
    self.styles.append(styles)
  }

  /// The lines of the table, titles first, with two spaces between columns.
  ///
  /// - Parameter width: the columns available; nil keeps every cell in full, for a pipe.
  package func text(width: Int?) -> String { painted(width: width).plain }

  /// The same, with styles for titles and cells.
  package func painted(width: Int?) -> PaintedText {
    var widths = self.widths
    if let width {
      let total = widths.reduce(2 * (widths.count - 1), +)
      if total > width, let column = columns.firstIndex(where: \.shrinks) {
        widths[column] = max(8, widths[column] - (total - width))
      }
    }
    var result = PaintedText()
    for (place, row) in ([columns.map(\.title)] + rows).enumerated() {
      // Spaces are added only before another cell, so no line ends with spaces.
      var spaces = ""
      for (column, cell) in row.enumerated() {
        let shown = Self.shortened(cell, to: widths[column])
        let padding = String(repeating: " ", count: max(0, widths[column] - DisplayWidth.columns(of: shown)))
        let isLeft = columns[column].alignment == .left
        spaces += (column == 0 ? "" : "  ") + (isLeft ? "" : padding)
        let text = Self.unended(shown)
        if !text.isEmpty {
          result += spaces
          result.append(text, place == 0 ? .title : styles[place - 1][column] ?? .plain)
          spaces = ""
        }
        spaces += String(repeating: " ", count: shown.count - text.count) + (isLeft ? padding : "")
      }
      result += "\n"
    }
    return result
  }

  /// The text without spaces at its end.
  private static func unended(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
  }

  /// Whether the table fits if each column that shrinks has at most `least` columns of the terminal.
  package func fits(_ width: Int, shrinkingTo least: Int) -> Bool {
    let widths = zip(columns, widths).map { column, size in column.shrinks ? min(size, least) : size }
    return widths.reduce(2 * (columns.count - 1), +) <= width
  }

  /// Whether the table has no rows.
  package var isEmpty: Bool { rows.isEmpty }

  /// Whether every cell fits in full into this many columns.
  package func fits(_ width: Int) -> Bool { widths.reduce(2 * (columns.count - 1), +) <= width }

  private var widths: [Int] {
    columns.indices.map { column in
      rows.reduce(DisplayWidth.columns(of: columns[column].title)) {
        max($0, column < $1.count ? DisplayWidth.columns(of: $1[column]) : 0)
      }
    }
  }

  /// The beginning and the end of a long name. The middle is left out, because it is the least informative part.
  private static func shortened(_ text: String, to width: Int) -> String {
    if DisplayWidth.columns(of: text) <= width { return text }
    let tail = (width - 1) / 2
    return String(start(of: text, width - 1 - tail)) + "…"
      + String(String(start(of: String(text.reversed()), tail)).reversed())
  }

  /// The longest beginning of a text that fits into this many columns.
  private static func start(of text: String, _ width: Int) -> Substring {
    var columns = 0
    return text.prefix {
      columns += DisplayWidth.columns(of: $0)
      return columns <= width
    }
  }
}
