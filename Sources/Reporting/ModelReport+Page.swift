internal import Accounting
internal import StrictJSON
internal import Studies
internal import Tensors
internal import UnitModel

extension ModelReport {
  /// The most tensors in the table without JavaScript.
  static let plainTensorLimit = 200
  /// The most sub-networks in the table without JavaScript.
  static let plainNetworkLimit = 500

  /// The report as a page.
  package var page: PageFile {
    var sections = [
      PageFile.Section(id: "controls", title: nil, html: ""),
      PageFile.Section(id: "numbers", title: nil, html: ""),
      PageFile.Section(id: "network", title: "Layers and units", html: layersText),
    ]
    if networks.isEmpty {
      sections.append(.init(id: "policies", title: "Under each policy", html: policiesTable))
    } else {
      sections += [
        .init(id: "curve", title: "All tasks and levels", html: networksTable),
        .init(id: "policies", title: "Under each policy", html: policiesTable),
      ]
    }
    if let claims = count.claims {
      sections.append(.init(id: "claims", title: "Claims", html: Self.claimsTable(claims)))
    }
    if let checkpoint = inspection.checkpoint {
      sections.append(.init(id: "assignment", title: "Assignment of units", html: assignment(checkpoint)))
    }
    sections += [
      .init(id: "tensors", title: "Tensors", html: tensorsTable),
      .init(id: "findings", title: "Findings", html: findings.pageText),
      .init(id: "left-out", title: "What is left out", html: leftOutText),
    ]
    return PageFile(
      title: title.isEmpty ? Self.fileName(inspection.file) : title, summary: summary, sections: sections,
      data: [("report", json), ("count", count.json), ("validate", findings.json)],
      later: [("inspect", inspection.json)])
  }

  /// The last component of a path.
  static func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private var summary: String {
    var words = [inspection.kind, "\(inspection.tensors.count.grouped) tensors"]
    words.append(
      "\(ByteCount(inspection.tensors.reduce(0) { $0 + ($1.tiedTo == nil ? $1.spec.byteCount : 0) }))")
    if let units = count.unitCount { words.append("\(units) units") }
    if !count.tasks.isEmpty {
      words.append("\(count.tasks.count) task\(count.tasks.count == 1 ? "" : "s")")
      words.append("\(networks.count) sub-networks")
    }
    if let digest = inspection.modelDigest { words.append("sha256 \(digest.description.prefix(12))…") }
    return words.joined(separator: " · ")
  }

  private var layersText: String {
    let order = isInGraphOrder ? "in the order of the graph" : "in the order of the file"
    return PageText.paragraph(
      "\(stack.layers.count.grouped) layers, \(order). Open a layer to see its blocks and tensors.", "quiet")
  }

  /// A row for each sub-network, a column for each policy.
  private var networksTable: String {
    var columns: [(String, Bool)] = [("task", false), ("level", true), ("units", false)]
    columns += count.policies.map { (PrintableText.line($0.policy.id), true) }
    if accuracies != nil { columns.append(("accuracy", true)) }
    var table = PageTable("Parameters of each sub-network under each policy", columns)
    for (place, network) in networks.prefix(Self.plainNetworkLimit).enumerated() {
      var cells = [
        PageText.name(network.task.text), PageText.escaped(network.levelText),
        "<span class=\"tight\">\(NumberList.text(network.orderedUnits().map(\.index)))</span>",
      ]
      cells += count.policies.map { $0.networks[place].parameters.description }
      if let accuracies {
        let item = accuracies.items.first { $0.task == network.task && $0.level == network.level }
        cells.append(item.map { "\(StudyReport.percent($0.sample.mean)) %" } ?? "–")
      }
      table.append(cells)
    }
    table.append(
      ["(everything stored)", "", ""] + count.policies.map { $0.stored.parameters.description }
        + (accuracies == nil ? [] : [""]))
    return "<div class=\"plain\">\n\(table.html)"
      + rest(networks.count, Self.plainNetworkLimit, "sub-networks") + "</div>\n"
  }

  /// What each policy counts of everything stored, and what it leaves out.
  private var policiesTable: String {
    var table = PageTable(
      "What each policy counts of everything stored",
      [
        ("policy", false), ("what it counts", false), ("parameters", true), ("left out", true),
        ("left out by role", false), ("tensors left out whole", true),
      ])
    for item in count.policies {
      let roles = item.stored.roles.filter { $0.excluded.value > 0 }
      table.append([
        "\(PageText.name(item.policy.id)) \(item.policy.version)", PageText.escaped(item.policy.title),
        item.stored.parameters.description, item.stored.excluded.description,
        roles.isEmpty
          ? "nothing" : roles.map { "\($0.role.rawValue) \($0.excluded)" }.joined(separator: ", "),
        item.counts.leftOut.count.grouped,
      ])
    }
    return table.html
  }

  private static func claimsTable(_ claims: [CheckedClaim]) -> String {
    var table = PageTable(
      "Published numbers, compared with the file",
      [
        ("claim", false), ("claimed", true), ("found", true), ("policy", false), ("result", false),
        ("would hold under", false),
      ])
    for checked in claims {
      let claim = checked.claim
      let who = claim.method.isEmpty ? "" : "\(claim.method), "
      table.append([
        PageText.escaped(who + claim.place), PageText.escaped(claim.number.text),
        "\(checked.found.grouped) \(claim.number.isBytes ? "bytes" : "parameters")",
        PageText.name(checked.policy.id),
        checked.holds ? "holds" : "<span class=\"error\">does not hold</span>",
        checked.holds
          ? ""
          : checked.holdsUnder.isEmpty
            ? "none of the policies that were tried"
            : checked.holdsUnder.map { PageText.name($0.id) }.joined(separator: ", "),
      ])
    }
    return table.html
  }

  private func assignment(_ checkpoint: Inspection.Checkpoint) -> String {
    var text = ""
    if let provenance {
      var words = "Rule: \(provenance.rule)"
      if let method = provenance.details["method"]?.text { words += ", from \(method)" }
      words += "."
      if let samples = provenance.details["samples"]?.text { words += " Samples for each task: \(samples)." }
      if let seed = provenance.details["seed"]?.text { words += " Seed: \(seed)." }
      if let data = provenance.details["data"]?.text { words += " Digest of the data: \(data)." }
      text += PageText.paragraph(words)
    }
    var table = PageTable(
      "The order in which each task adds units",
      [("task", false), ("order", false), ("units of each level", false)])
    for task in checkpoint.tasks {
      table.append([
        PageText.name(task.name), NumberList.text(task.order),
        task.levels.enumerated().map { place, units in
          let name =
            task.levelNames.indices.contains(place) ? " (\(PageText.name(task.levelNames[place])))" : ""
          return "\(place + 1)\(name): \(NumberList.text(units))"
        }.joined(separator: "; "),
      ])
    }
    if !checkpoint.tasks.isEmpty { text += table.html }
    var axes = PageTable(
      "Channel axes",
      [("axis", false), ("channels", true), ("channels of each unit", false), ("common", true)])
    for axis in checkpoint.axes.prefix(Self.plainTensorLimit) {
      axes.append([
        PageText.name(axis.name), axis.size.grouped,
        Set(axis.units).count == 1
          ? "\(axis.units.first?.grouped ?? "0") each" : axis.units.map(\.grouped).joined(separator: ", "),
        axis.common.grouped,
      ])
    }
    if !checkpoint.axes.isEmpty {
      text += axes.html + rest(checkpoint.axes.count, Self.plainTensorLimit, "axes")
    }
    return text
  }

  private var tensorsTable: String {
    var table = PageTable(
      "Tensors",
      [
        ("name", false), ("dtype", false), ("shape", false), ("bytes", true), ("min", true), ("max", true),
        ("mean", true), ("NaN, Inf", true), ("sha256", false),
      ])
    for tensor in inspection.tensors.prefix(Self.plainTensorLimit) {
      let values = tensor.statistics?.cells
      table.append([
        PageText.name(tensor.spec.name.text), tensor.spec.dtype.rawValue, tensor.spec.shapeText,
        tensor.spec.byteCount.grouped, values?.minimum ?? "–", values?.maximum ?? "–", values?.mean ?? "–",
        tensor.statistics.map { "\($0.nan.grouped), \($0.infinite.grouped)" } ?? "–",
        "<code>\(tensor.digest.map { String($0.description.prefix(12)) } ?? "–")</code>",
      ])
    }
    return "<div class=\"plain\">\n\(table.html)"
      + rest(inspection.tensors.count, Self.plainTensorLimit, "tensors") + "</div>\n"
  }

  /// The sentence about what a table without JavaScript leaves out; empty if it has every row.
  private func rest(_ all: Int, _ limit: Int, _ noun: String) -> String {
    all <= limit
      ? ""
      : PageText.paragraph(
        "This table has the first \(limit) of \(all.grouped) \(noun). The other \((all - limit).grouped) are in "
          + "the data of this page; JavaScript shows them.", "note")
  }

  private var leftOutText: String {
    let parts = count.leftOut.items.isEmpty ? inspection.leftOut.items : count.leftOut.items
    let items = parts.map { "\(TensorName($0.name).quoted): \($0.why)" } + leftOut
    if items.isEmpty { return PageText.paragraph("Nothing: this page describes the whole file.") }
    return "<ul>\n" + items.map { "<li>\(PageText.escaped($0))</li>\n" }.joined() + "</ul>\n"
  }
}

extension JSONValue {
  /// The text of a scalar; nil for other values.
  fileprivate var text: String? {
    switch self {
    case .string(let text): text
    case .integer(let number): Int(number).grouped
    default: nil
    }
  }
}
