internal import Comparison
internal import Tensors

extension DifferenceReport {
  /// The most rows in a table without JavaScript.
  private static let plainLimit = 500

  /// The comparison as a page. Without a title of its own, the page has the names of both files.
  package func page(title: String = "") -> PageFile {
    let names = "\(ModelReport.fileName(a)) and \(ModelReport.fileName(b))"
    let changed = Set(difference.changed.map(\.a.name)).count
    let counts =
      "\(difference.missing.count.grouped) only in A, \(difference.extra.count.grouped) only in B, "
      + "\(changed.grouped) changed, \(difference.equalCount.grouped) equal"
    let files = PageText.paragraph("A is \(a).") + PageText.paragraph("B is \(b).")
    return PageFile(
      title: title.isEmpty ? names : title,
      summary: isEqual ? "Equal: \(difference.equalCount.grouped) tensors" : "Different: \(counts)",
      sections: [
        .init(id: "files", title: "Files", html: files + PageText.paragraph("\(counts).")),
        .init(id: "difference", title: "Differences", html: table),
        .init(id: "left-out", title: "What is left out", html: leftOutText),
      ], data: [], later: [("diff", json)])
  }

  private var table: String {
    let rows = rows
    if rows.isEmpty { return PageText.paragraph("Every tensor that was compared is equal, bit for bit.") }
    var table = PageTable(
      "Tensors that differ",
      [
        ("name", false), ("difference", false), ("A", false), ("B", false), ("elements", true),
        ("max |a−b|", true), ("max ULP", true), ("first at", false),
      ])
    for row in rows.prefix(Self.plainLimit) { table.append(row) }
    let rest = rows.count - Self.plainLimit
    return "<div class=\"plain\">\n\(table.html)"
      + (rest <= 0
        ? ""
        : PageText.paragraph(
          "This table has the first \(Self.plainLimit) of \(rows.count.grouped) differences. The other "
            + "\(rest.grouped) are in the data of this page; JavaScript shows them.", "note")) + "</div>\n"
  }

  private var rows: [[String]] {
    func alone(_ specs: [TensorSpec], _ side: String) -> [[String]] {
      specs.map { spec in
        let words = "\(spec.dtype.rawValue) \(spec.shapeText)"
        return [
          PageText.name(spec.name.text), "only in \(side)", side == "A" ? words : "–",
          side == "B" ? words : "–",
          spec.elementCount.grouped, "–", "–", "–",
        ]
      }
    }
    let changed = difference.changed.map { change -> [String] in
      let name = PageText.name(change.a.name.text)
      switch change.what {
      case .dtype:
        return [name, "dtype", change.a.dtype.rawValue, change.b.dtype.rawValue, "–", "–", "–", "–"]
      case .shape: return [name, "shape", change.a.shapeText, change.b.shapeText, "–", "–", "–", "–"]
      case .values(let values):
        return [
          name, "values", "–", "–", "\(values.count.grouped) of \(change.a.elementCount.grouped)",
          Self.short(values.maxAbs), values.maxULP.grouped,
          change.firstIndex.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" } ?? "–",
        ]
      }
    }
    return alone(difference.missing, "A") + alone(difference.extra, "B") + changed
  }

  private var leftOutText: String {
    let items = [("A", leftOut.a), ("B", leftOut.b)].flatMap { side, list in
      list.items.map { "of \(side): \(TensorName($0.name).quoted): \($0.why)" }
    }
    let scope = "Tensors are compared. Plans, orders of units, levels and graphs are not."
    if items.isEmpty { return PageText.paragraph("No tensor. \(scope)") }
    return PageText.paragraph(scope) + "<ul>\n" + items.map { "<li>\(PageText.escaped($0))</li>\n" }.joined()
      + "</ul>\n"
  }
}
