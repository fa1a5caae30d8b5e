internal import Accounting
internal import Studies
internal import Tensors
internal import UnitModel

extension StudyReport {
  /// The study as Markdown that can also be read as plain text.
  package var markdown: String {
    let common = analysis.policies[0]
    var text = "# \(analysis.study.title.isEmpty ? "Study" : MarkdownText.escaped(analysis.study.title))\n\n"
    text +=
      "Counted under policy \(MarkdownText.escaped(common.id)) \(common.version) (sha256 \(common.digest.description.prefix(12))…): "
    text += "\(MarkdownText.escaped(common.title)). \(MarkdownText.escaped(rules))\n\n"
    text += pointsTable + pairsTable
    text += section("Rankings that change under another policy", analysis.flips.map(words), none: "None.")
    text += section(
      "Parameters counted for one method but not for another", analysis.asymmetries.map(\.sentence),
      none: "Nothing found.")
    return text
  }

  private var pointsTable: String {
    let confidence = Self.decimals(analysis.study.settings.confidence * 100, 0)
    var table = MarkdownTable([
      ("task", false), ("method", false), ("parameters", true), ("left out", true), ("accuracy %", true),
      ("\(confidence) % interval", false), ("N", true), ("front", false),
    ])
    for point in analysis.points {
      let names = [point.result.task.text, point.name].map(MarkdownText.escaped)
      table.append(names + [point.number.map { $0.grouped } ?? "–"] + cells(of: point))
    }
    let without = analysis.withoutResults
    let rest =
      without.isEmpty
      ? "" : "Without results: \(without.map(MarkdownText.escaped).joined(separator: ", ")).\n\n"
    return table.text
      + "\nfront: no other has this accuracy with fewer parameters, or more accuracy with as many.\n\n" + rest
  }

  private var pairsTable: String {
    if analysis.pairs.isEmpty { return "No two methods have matching budgets.\n\n" }
    var table = MarkdownTable([("task", false), ("pair", false)] + pairHeadings + [("verdict", false)])
    for pair in analysis.pairs {
      let (a, b) = (analysis.points[pair.first], analysis.points[pair.second])
      let pairName = "\(MarkdownText.escaped(a.name)) − \(MarkdownText.escaped(b.name))"
      table.append(
        [MarkdownText.escaped(a.result.task.text), pairName] + cells(of: pair) + [
          MarkdownText.escaped(words(pair))
        ])
    }
    return table.text + "\n" + Self.legend + "\n\n"
  }

  /// The legend of the table of pairs.
  static let legend = """
    Tests: paired t if seeds are shared, else Welch's t; at N = 1 the z test of two proportions with unpooled variance, or Fisher's if one of them is 1
    and the other 0.
    g: Hedges' g; h: Cohen's h; ε: bound of the almost stochastic order, below 0.5 where the first is better.
    """

  private func section(_ title: String, _ items: [String], none: String) -> String {
    let lines = items.isEmpty ? [none] : items.map { "* \(MarkdownText.escaped($0))" }
    return "## \(title)\n\n" + lines.joined(separator: "\n") + "\n\n"
  }
}

/// A Markdown table with aligned columns, so that it can also be read as plain text.
private struct MarkdownTable {
  private let columns: [(title: String, isNumber: Bool)]
  private var rows: [[String]] = []

  init(_ columns: [(String, Bool)]) { self.columns = columns.map { ($0.0, $0.1) } }

  mutating func append(_ row: [String]) { rows.append(row) }

  var text: String {
    let widths = columns.indices.map { column in
      max(3, ([columns[column].title] + rows.map { $0[column] }).map(DisplayWidth.columns).max() ?? 0)
    }
    func line(_ cells: [String]) -> String {
      "| "
        + cells.enumerated().map { index, cell in
          let space = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.columns(of: cell)))
          return columns[index].isNumber ? space + cell : cell + space
        }.joined(separator: " | ") + " |\n"
    }
    let rule = columns.indices.map { index in
      String(repeating: "-", count: widths[index] - 1) + (columns[index].isNumber ? ":" : "-")
    }
    return line(columns.map(\.title)) + line(rule) + rows.map(line).joined()
  }
}
