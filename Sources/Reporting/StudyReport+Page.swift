internal import Accounting
internal import StrictJSON
internal import Studies
internal import Tensors
internal import UnitModel

extension StudyReport {
  /// The study as a page: its plot, its tables, and the conclusions that depend on the policy.
  package var page: PageFile {
    let common = analysis.policies[0]
    let summary =
      "Counted under policy \(common.id) \(common.version) (sha256 \(common.digest.description.prefix(12))…). \(rules)"
    return PageFile(
      title: analysis.study.title.isEmpty ? "Study" : analysis.study.title, summary: summary,
      sections: [
        .init(
          id: "plot", title: "Accuracy over parameters",
          html: "<figure class=\"study\">\n\(svg)<figcaption>Each point is a method at one level. Bars are "
            + "intervals; the dashed line is the Pareto front. The tables below have the numbers.</figcaption>\n"
            + "</figure>\n"),
        .init(id: "methods", title: "Methods", html: methodsTable),
        .init(id: "pairs", title: "Pairs with matching budgets", html: differencesPart + pairsPart),
        .init(
          id: "flips", title: "Rankings that change under another policy",
          html: Self.list(analysis.flips.map(words), none: "None.")),
        .init(
          id: "asymmetries", title: "Parameters counted for one method but not for another",
          html: Self.list(analysis.asymmetries.map(\.sentence), none: "Nothing found.")),
        .init(
          id: "left-out", title: "What is left out",
          html: Self.list(
            analysis.withoutResults.map { "\($0): no results were given, so it is in no table." },
            none: "Nothing: every method of the study has results.")),
      ], data: [("compare", json)], later: [])
  }

  private static func list(_ items: [String], none: String) -> String {
    if items.isEmpty { return PageText.paragraph(none) }
    return "<ul class=\"sentences\">\n" + items.map { "<li>\(PageText.escaped($0))</li>\n" }.joined()
      + "</ul>\n"
  }

  private var methodsTable: String {
    let confidence = Self.decimals(analysis.study.settings.confidence * 100, 0)
    var columns: [(String, Bool)] = [("method", false), ("task", false)]
    columns += analysis.policies.map { (PrintableText.line($0.id), true) }
    columns += [
      ("left out", true), ("accuracy %", true), ("\(confidence) % interval", false), ("N", true),
      ("front", false),
    ]
    var table = PageTable("Each method at each level, counted under each policy", columns)
    for point in analysis.points {
      let names = [PageText.name(point.name), PageText.name(point.result.task.text)]
      table.append(names + point.parameters.map { $0?.grouped ?? "–" } + cells(of: point))
    }
    return table.html
      + PageText.paragraph(
        "front: no other has this accuracy with fewer parameters, or more accuracy with as many.", "quiet")
  }

  private var differencesPart: String {
    analysis.pairs.contains { $0.test != nil } ? "<figure class=\"study\">\n\(differences)</figure>\n" : ""
  }

  private var pairsPart: String {
    if analysis.pairs.isEmpty { return PageText.paragraph("No two methods have matching budgets.") }
    var table = PageTable(
      "Tests of the differences", [("pair", false), ("task", false)] + pairHeadings + [("verdict", false)])
    for pair in analysis.pairs {
      let (a, b) = (analysis.points[pair.first], analysis.points[pair.second])
      let names = [
        "\(PageText.name(a.name)) − \(PageText.name(b.name))", PageText.name(a.result.task.text),
      ]
      table.append(names + (cells(of: pair) + [words(pair)]).map(PageText.escaped))
    }
    return table.html + PageText.paragraph(Self.legend, "quiet")
  }
}
