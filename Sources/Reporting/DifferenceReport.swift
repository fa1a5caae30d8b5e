package import Comparison
package import Tensors

/// The output of `diff`.
package struct DifferenceReport: Sendable {
  /// The paths as the user gave them.
  package let a: String
  package let b: String
  package let difference: WeightsDifference
  /// The parts of each file that were not compared.
  let leftOut: (a: LeftOutList, b: LeftOutList)
  /// Whether the user accepts all parts that were left out.
  private let isComplete: Bool
  /// The tolerance of the comparison.
  package var tolerance = Tolerance.none
  /// The number of renamed tensors of A.
  package var renamed = 0
  /// After renaming, the names of tensors that were not selected; nil if all were selected.
  package var notCompared: (a: [TensorName], b: [TensorName])?

  package init(
    a: String, b: String, difference: WeightsDifference,
    leftOut: (a: LeftOutList, b: LeftOutList) = (LeftOutList(), LeftOutList()), isComplete: Bool = true
  ) {
    self.a = a
    self.b = b
    self.difference = difference
    self.leftOut = leftOut
    self.isComplete = isComplete
  }

  /// Whether everything that must be compared was compared and is equal.
  package var isEqual: Bool { difference.isEqual && isComplete }

  /// A summary line, the names that only one side has, and a table of the differences.
  ///
  /// - Parameter width: columns of the terminal, nil for a pipe.
  package func text(width: Int?) -> String { painted(width: width).plain }

  /// The same, with styles for a terminal.
  package func painted(width: Int?) -> PaintedText {
    let (missing, extra) = (difference.missing, difference.extra)
    let unseen =
      leftOut.a.text(side: " of A", width: width) + leftOut.b.text(side: " of B", width: width)
      + selectionText(width: width)
    var result = PaintedText()
    if isEqual {
      result += PaintedText(tolerance == .none ? "equal" : "equal within \(tolerance.words)", .good)
      result += ": \(Self.tensors(difference.equalCount + difference.within.count))"
      result += difference.within.isEmpty ? "\n" : ", \(difference.equalCount) of them bit for bit\n"
      result += withinText + unseen
      return result
    }
    let changedNames = Set(difference.changed.map(\.a.name)).count
    result += "A \(PrintableText.line(a))\nB \(PrintableText.line(b))\n"
    result += "\(missing.count) only in A, \(extra.count) only in B, \(changedNames) changed, "
    if tolerance != .none { result += "\(difference.within.count) equal within \(tolerance.words), " }
    result += "\(difference.equalCount) equal\n" + withinText + unseen
    if !isComplete {
      result += WrappedSentence.text(
        "not equal: what is left out was not compared (--leave-out PATTERN accepts that)", width: width)
    }
    let sides: [(String, [TensorSpec], PaintedText.Style)] = [
      ("only in A", missing, .bad), ("only in B", extra, .good),
    ]
    for (title, specs, style) in sides where !specs.isEmpty {
      var table = TextTable([.init(title, shrinks: true), .init("dtype"), .init("shape")])
      for spec in specs {
        table.append([spec.name.escaped, spec.dtype.rawValue, spec.shapeText], styles: [0: style])
      }
      result += "\n"
      result += table.painted(width: width)
    }
    result += specTable(width: width)
    result += valueTable(width: width)
    return result
  }

  /// The renamed tensors, and those that were not compared.
  private func selectionText(width: Int?) -> String {
    var result = renamed > 0 ? "renamed: \(Self.tensors(renamed)) of A\n" : ""
    if let notCompared {
      result += WrappedSentence.text(
        "not compared: \(Self.tensors(notCompared.a.count)) of A and \(notCompared.b.count) of B, which --match leaves out",
        width: width)
    }
    return result
  }

  /// The largest of the differences that were accepted.
  private var withinText: String {
    let distances = difference.within.compactMap { change in
      if case .values(let values) = change.what { (change.a.name, values) } else { nil }
    }
    guard let worst = distances.max(by: { ($0.1.maxAbs, $0.1.maxULP) < ($1.1.maxAbs, $1.1.maxULP) }) else {
      return ""
    }
    return
      "largest accepted: \(Self.short(worst.1.maxAbs)) in \(worst.0.quoted), \(Self.steps(worst.1)) ulp\n"
  }

  private static func tensors(_ count: Int) -> String { "\(count) tensor\(count == 1 ? "" : "s")" }

  private func specTable(width: Int?) -> PaintedText {
    var table = TextTable([.init("changed", shrinks: true), .init("what"), .init("A"), .init("B")])
    var isEmpty = true
    for change in difference.changed {
      switch change.what {
      case .dtype:
        table.append([change.a.name.escaped, "dtype", change.a.dtype.rawValue, change.b.dtype.rawValue])
      case .shape:
        table.append([change.a.name.escaped, "shape", change.a.shapeText, change.b.shapeText])
      case .values: continue
      }
      isEmpty = false
    }
    return Self.behindLine(table, isEmpty: isEmpty, width: width)
  }

  private func valueTable(width: Int?) -> PaintedText {
    let table = valueTable(hasTotals: true)
    // The column with the number of elements is dropped if a name would become too short.
    if let width, !table.fits(width, shrinkingTo: 24) {
      return Self.behindLine(valueTable(hasTotals: false), isEmpty: table.isEmpty, width: width)
    }
    return Self.behindLine(table, isEmpty: table.isEmpty, width: width)
  }

  private func valueTable(hasTotals: Bool) -> TextTable {
    var columns: [TextTable.Column] = [.init("values", shrinks: true), .init("differ", .right)]
    if tolerance != .none { columns.append(.init("beyond", .right)) }
    if hasTotals { columns.append(.init("of", .right)) }
    columns += [.init("max |a-b|", .right), .init("max ulp", .right), .init("first at")]
    var table = TextTable(columns)
    for change in difference.changed {
      guard case .values(let values) = change.what else { continue }
      var cells = [change.a.name.escaped, values.count.grouped]
      if tolerance != .none { cells.append(values.beyond.grouped) }
      if hasTotals { cells.append(change.a.elementCount.grouped) }
      cells += [
        Self.short(values.maxAbs), Self.steps(values),
        change.firstIndex.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" } ?? "",
      ]
      table.append(cells)
    }
    return table
  }

  /// The largest distance in ULP; `NaN` if one of the two numbers is NaN.
  private static func steps(_ values: ValueDifference) -> String {
    values.maxAbs.isNaN ? "NaN" : values.maxULP.grouped
  }

  private static func behindLine(_ table: TextTable, isEmpty: Bool, width: Int?) -> PaintedText {
    if isEmpty { return PaintedText() }
    var result = PaintedText("\n")
    result += table.painted(width: width)
    return result
  }

  /// A non-negative number with three digits: "0", "0.25", "1.19e-07", "NaN", "Infinity".
  static func short(_ value: Double) -> String {
    if let word = word(value) { return word }
    if value == 0 { return "0" }
    // The shortest text of the number, split into its digits and a power of ten.
    let halves = "\(value)".split(separator: "e")
    let exponent = halves.count > 1 ? Int(halves[1]) ?? 0 : 0
    let parts = halves[0].split(separator: ".", omittingEmptySubsequences: false)
    var digits = parts.joined().compactMap(\.wholeNumberValue)
    var power = exponent + parts[0].count - 1
    while digits.first == 0 {
      digits.removeFirst()
      power -= 1
    }
    var rounded = digits.prefix(3).reduce(0) { $0 * 10 + $1 }
    for _ in digits.count..<max(3, digits.count) { rounded *= 10 }
    if digits.count > 3, digits[3] >= 5 { rounded += 1 }
    if rounded == 1000 {
      rounded = 100
      power += 1
    }
    var text = Array(String(rounded))
    switch power {
    case 2: return String(text)
    case 0, 1: text.insert(".", at: power + 1)
    case -4..<0: text = Array("0." + String(repeating: "0", count: -power - 1)) + text
    default:
      text.insert(".", at: 1)
      let size = String(abs(power))
      return Self.trimmed(text) + (power < 0 ? "e-" : "e+") + (size.count < 2 ? "0" : "") + size
    }
    return Self.trimmed(text)
  }

  private static func trimmed(_ text: [Character]) -> String {
    var text = text
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return String(text)
  }

  /// The word for a number that JSON does not have; nil for other numbers.
  static func word(_ value: Double) -> String? {
    value.isNaN ? "NaN" : value == .infinity ? "Infinity" : value == -.infinity ? "-Infinity" : nil
  }
}
