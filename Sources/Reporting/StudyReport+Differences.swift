internal import Studies
internal import Tensors
internal import UnitModel

extension StudyReport {
  /// A picture of the tested pairs: each difference of accuracies with its interval, in percentage points, beside a line
  /// at 0. A dot is filled if the pair differs after correction.
  package var differences: String {
    let rows = analysis.pairs.compactMap { pair in pair.test.map { (pair: pair, test: $0) } }
    let (step, top, left, right) = (20, 52, 300, 640)
    let shown = Set(
      rows.flatMap { [$0.pair.first, $0.pair.second] }.map { analysis.points[$0].result.method })
    let notes = notes(shown)
    let height = top + step * max(1, rows.count) + 32 + 16 * notes.count
    let least = min(0, rows.map { $0.test.interval.low }.min() ?? 0)
    let most = max(0, rows.map { $0.test.interval.high }.max() ?? 0)
    let span = max(most - least, 1e-9)
    func x(_ difference: Double) -> String {
      Self.decimals(Double(left) + Double(right - left) * (difference - least) / span, 1)
    }
    let confidence = Self.decimals(analysis.study.settings.confidence * 100, 0)
    var text = """
      <text x="16" y="22" font-weight="bold">\(Self.escaped(analysis.study.title))</text>
      <text x="16" y="40" fill="#555">Difference of accuracies in percentage points, with \(confidence) % intervals</text>

      """
    let bottom = top + step * max(1, rows.count)
    text += "<path d=\"M\(x(0)) \(top)V\(bottom)\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>\n"
    for (place, row) in rows.enumerated() {
      let (a, b) = (analysis.points[row.pair.first], analysis.points[row.pair.second])
      let y = top + step * place + step / 2
      let name = (tasksDiffer ? "\(a.result.task.text): " : "") + "\(a.name) − \(b.name)"
      let isSeparable = row.pair.verdict != .notSeparable
      let interval = row.test.interval
      text += """
        <text x="\(left - 12)" y="\(y + 4)" text-anchor="end">\(Self.escaped(name))</text>\
        <g stroke="#0072B2" stroke-width="2"><path d="M\(x(interval.low)) \(y)H\(x(interval.high))"/>\
        <circle cx="\(x(row.test.difference))" cy="\(y)" r="4.5" fill="\(isSeparable ? "#0072B2" : "white")">\
        <title>\(Self.escaped(words(row.pair)))</title></circle></g>\
        <text x="\(right + 12)" y="\(y + 4)">\(Self.signed(row.test.difference))</text>

        """
    }
    text += "<path d=\"M\(left) \(bottom)H\(right)\" stroke=\"#888\"/>\n"
    let tick = Self.tick(span)
    var number = Int((least / tick).rounded(.up))
    while Double(number) * tick <= most {
      let place = x(Double(number) * tick)
      text += "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(bottom)\" y2=\"\(bottom + 4)\" stroke=\"#888\"/>"
      text += "<text x=\"\(place)\" y=\"\(bottom + 17)\" text-anchor=\"middle\">"
      text += "\(Self.signed(Double(number) * tick))</text>\n"
      number += 1
    }
    for (place, note) in notes.enumerated() {
      text += "<text x=\"16\" y=\"\(bottom + 38 + 16 * place)\" fill=\"#555\">\(Self.escaped(note))</text>\n"
    }
    return Self.picture("Differences: \(analysis.study.title)", height: height, text)
  }

  /// What the picture means, and which methods are not in it.
  private func notes(_ shown: Set<String>) -> [String] {
    let counts = Set(
      analysis.pairs.flatMap { pair in
        pair.sharedSeeds.isEmpty
          ? [pair.first, pair.second].map { analysis.points[$0].sample.count } : [pair.sharedSeeds.count]
      })
    let runs = counts.count == 1 ? "N = \(counts.first ?? 0). " : ""
    let others = analysis.study.methods.map(\.name).filter { name in
      !shown.contains(name) && analysis.points.contains { $0.result.method == name }
    }
    return [
      "\(runs)Intervals are not corrected. Filled: the two differ after Holm's correction. Open: not separable."
    ] + (others.isEmpty ? [] : ["Without a partner of the same budget: \(others.joined(separator: ", "))."])
  }

  /// A round distance of at least a fifth of a span of fractions, in units of 1, 2 or 5 · 10ⁿ percentage points.
  private static func tick(_ span: Double) -> Double {
    var power = 1e-12
    while power * 10 <= span / 5 { power *= 10 }
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= span / 5 } ?? span
  }

  /// Whether the pairs belong to more than one task.
  private var tasksDiffer: Bool {
    Set(analysis.pairs.map { analysis.points[$0.first].result.task }).count > 1
  }

  /// A difference of fractions in percentage points, with its sign: "+0.25".
  private static func signed(_ difference: Double) -> String {
    let text = percent(difference)
    return difference > 0 && text != "0.00" ? "+" + text : text.replacing("-", with: "−")
  }
}
