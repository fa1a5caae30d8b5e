internal import Tensors

/// Rows of text in aligned columns.
package struct TextTable: Sendable {
  /// One column.
  package struct Column: Sendable {
    package let title: String
    package let alignment: Alignment
    /// Whether this is the column that gives way when the table is too wide.
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
  /// Styles of cells that have one, by row and column.
  private var styles: [[Int: PaintedText.Style]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with one cell per column; names in it may hold anything, and stay on their line.
  package mutating func append(_ cells: [String]) { append(cells, styles: [:]) }

  /// Adds a row of which some cells, by column, have a style.
  package mutating func append(_ cells: [String], styles: [Int: PaintedText.Style]) {
    rows.append(cells.map { PrintableText.page(PrintableText.line($0), as: .text) })
    self.styles.append(styles)
  }

  /// The lines of the table, its titles first, with two spaces between columns.
  ///
  /// - Parameter width: what the lines must fit; nil keeps every cell whole, as a pipe wants it.
  package func text(width: Int?) -> String { painted(width: width).plain }

  /// The same with titles and cells in their styles.
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
      // Spaces are held back, so that none ends a line.
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

  /// Whether the table fits, with at least `least` columns for what gives way.
  package func fits(_ width: Int, shrinkingTo least: Int) -> Bool {
    let widths = zip(columns, widths).map { column, size in column.shrinks ? min(size, least) : size }
    return widths.reduce(2 * (columns.count - 1), +) <= width
  }

  /// Whether there are titles alone.
  package var isEmpty: Bool { rows.isEmpty }

  /// Whether every cell is whole within this many columns.
  package func fits(_ width: Int) -> Bool { widths.reduce(2 * (columns.count - 1), +) <= width }

  private var widths: [Int] {
    columns.indices.map { column in
      rows.reduce(DisplayWidth.columns(of: columns[column].title)) {
        max($0, column < $1.count ? DisplayWidth.columns(of: $1[column]) : 0)
      }
    }
  }

  /// The middle of a long name says least: its beginning and its end stay.
  private static func shortened(_ text: String, to width: Int) -> String {
    if DisplayWidth.columns(of: text) <= width { return text }
    let tail = (width - 1) / 2
    return String(start(of: text, width - 1 - tail)) + "…"
      + String(String(start(of: String(text.reversed()), tail)).reversed())
  }

  /// As much of a text's beginning as this many columns hold.
  private static func start(of text: String, _ width: Int) -> Substring {
    var columns = 0
    return text.prefix {
      columns += DisplayWidth.columns(of: $0)
      return columns <= width
    }
  }
}
