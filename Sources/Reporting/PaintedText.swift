/// Text with styles, which a terminal may display as colours. All other outputs use `plain`.
package struct PaintedText: Sendable {
  /// The style of a part.
  package enum Style: Sendable {
    case plain
    /// Column titles.
    case title
    /// Something wrong or missing.
    case bad
    /// Something correct or new.
    case good
    /// Less important.
    case faint
  }

  /// The parts in order.
  package private(set) var parts: [(text: String, style: Style)] = []

  package init(_ text: String = "", _ style: Style = .plain) {
    if !text.isEmpty { parts = [(text, style)] }
  }

  /// The text without its styles.
  package var plain: String { parts.map(\.text).joined() }

  package static func += (text: inout PaintedText, more: String) { text.append(more, .plain) }

  package static func += (text: inout PaintedText, more: PaintedText) {
    for part in more.parts { text.append(part.text, part.style) }
  }

  mutating func append(_ more: String, _ style: Style) {
    if more.isEmpty { return }
    if let last = parts.indices.last, parts[last].style == style {
      parts[last].text += more
    } else {
      parts.append((more, style))
    }
  }
}
