package import Comparison
package import StrictJSON
internal import Tensors

/// What `diff` prints.
package struct DifferenceReport: Sendable {
  /// The paths as the user gave them.
  package let a: String
  package let b: String
  package let difference: WeightsDifference
  /// What was not compared, of each file.
  private let leftOut: (a: LeftOutList, b: LeftOutList)
  /// Whether the user has said that all of it may be left out.
  private let isComplete: Bool

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

  /// Whether everything was compared that had to be, and nothing differs.
  package var isEqual: Bool { difference.isEqual && isComplete }

  /// A line that sums up, names that only one side has, a table of what differs.
  ///
  /// - Parameter width: columns of the terminal, nil for a pipe.
  package func text(width: Int?) -> String {
    let (missing, extra) = (difference.missing, difference.extra)
    let unseen = leftOut.a.text(side: " of A", width: width) + leftOut.b.text(side: " of B", width: width)
    if isEqual { return "equal: \(difference.equalCount) tensors\n" + unseen }
    let changedNames = Set(difference.changed.map(\.a.name)).count
    var result = "A \(PrintableText.line(a))\nB \(PrintableText.line(b))\n"
    result += "\(missing.count) only in A, \(extra.count) only in B, \(changedNames) changed, "
    result += "\(difference.equalCount) equal\n" + unseen
    if !isComplete {
      result += WrappedSentence.text(
        "not equal: what is left out was not compared (--leave-out PATTERN accepts that)", width: width)
    }
    for (title, specs) in [("only in A", missing), ("only in B", extra)] where !specs.isEmpty {
      var table = TextTable([.init(title, shrinks: true), .init("dtype"), .init("shape")])
      for spec in specs { table.append([spec.name.escaped, spec.dtype.rawValue, spec.shapeText]) }
      result += "\n" + table.text(width: width)
    }
    return result + specTable(width: width) + valueTable(width: width)
  }

  private func specTable(width: Int?) -> String {
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
    return isEmpty ? "" : "\n" + table.text(width: width)
  }

  private func valueTable(width: Int?) -> String {
    var table = TextTable([
      .init("values", shrinks: true), .init("differ", .right), .init("of", .right),
      .init("max |a-b|", .right), .init("max ulp", .right), .init("first at"),
    ])
    var isEmpty = true
    for change in difference.changed {
      guard case .values(let values) = change.what else { continue }
      table.append([
        change.a.name.escaped, ParameterCount(values.count).description,
        ParameterCount(change.a.elementCount).description, Self.short(values.maxAbs),
        Self.grouped(values.maxULP),
        change.firstIndex.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" } ?? "",
      ])
      isEmpty = false
    }
    return isEmpty ? "" : "\n" + table.text(width: width)
  }

  /// A number with its thousands separated; two tensors can be further apart than a signed number says.
  static func grouped(_ number: UInt64) -> String {
    let (thousands, rest) = number.quotientAndRemainder(dividingBy: 1000)
    if thousands == 0 { return String(rest) }
    return grouped(thousands) + "," + String(String(1000 + rest).dropFirst())
  }

  /// A number that is not negative, to three digits: "0", "0.25", "1.19e-07", "NaN", "Infinity".
  static func short(_ value: Double) -> String {
    if let word = word(value) { return word }
    if value == 0 { return "0" }
    // The shortest text that is the number, taken apart into digits and a power of ten.
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

  /// How a number that JSON cannot spell is spelled; nil for others.
  private static func word(_ value: Double) -> String? {
    value.isNaN ? "NaN" : value == .infinity ? "Infinity" : value == -.infinity ? "-Infinity" : nil
  }
}

extension DifferenceReport {
  /// As `schemas/diff.schema.json` describes it.
  package var json: JSONValue {
    .object(
      JSONObject([
        .init(key: "format", value: "tessera.diff/1"), .init(key: "a", value: .string(a)),
        .init(key: "b", value: .string(b)),
        .init(key: "missing", value: .array(difference.missing.map { .string($0.name.text) })),
        .init(key: "extra", value: .array(difference.extra.map { .string($0.name.text) })),
        .init(key: "changed", value: .array(difference.changed.map(Self.json))),
        .init(key: "left_out", value: .array(leftOut.a.json(side: "a") + leftOut.b.json(side: "b"))),
        .init(key: "equal", value: .bool(isEqual)),
        .init(key: "equal_tensors", value: JSONValue(difference.equalCount)),
      ]) ?? JSONObject())
  }

  private static func json(_ change: TensorChange) -> JSONValue {
    func numbers(_ values: [Int]) -> JSONValue { .array(values.map { JSONValue($0) }) }
    var members: [JSONMember] = [.init(key: "name", value: .string(change.a.name.text))]
    switch change.what {
    case .dtype:
      members += [
        .init(key: "what", value: "dtype"), .init(key: "max_abs", value: nil),
        .init(key: "max_ulp", value: nil),
        .init(key: "a", value: .string(change.a.dtype.rawValue)),
        .init(key: "b", value: .string(change.b.dtype.rawValue)),
      ]
    case .shape:
      members += [
        .init(key: "what", value: "shape"), .init(key: "max_abs", value: nil),
        .init(key: "max_ulp", value: nil),
        .init(key: "a", value: numbers(change.a.shape)), .init(key: "b", value: numbers(change.b.shape)),
      ]
    case .values(let values):
      members += [
        .init(key: "what", value: "values"),
        .init(key: "max_abs", value: word(values.maxAbs).map(JSONValue.string) ?? .number(values.maxAbs)),
        .init(key: "max_ulp", value: JSONValue(Int(clamping: values.maxULP))),
        .init(key: "elements", value: JSONValue(values.count)),
        .init(key: "first", value: numbers(change.firstIndex ?? [])),
      ]
    }
    return .object(JSONObject(members) ?? JSONObject())
  }
}
