internal import Accounting
internal import StrictJSON
internal import Tensors

/// The statistics of tensors, one line for each.
enum StatisticsTable {
  /// If names would get fewer columns than this, the shape column is dropped.
  private static let nameWidth = 24

  static func painted(_ tensors: [Inspection.Tensor], width: Int?) -> PaintedText {
    let statistics = tensors.compactMap(\.statistics)
    let hasOther = statistics.contains { $0.nan + $0.infinite > 0 }
    var table = table(tensors, hasShape: true, hasOther: hasOther)
    if let width, !table.fits(width, shrinkingTo: nameWidth) {
      table = self.table(tensors, hasShape: false, hasOther: hasOther)
    }
    var result = table.painted(width: width)
    if !hasOther { result += "\nno NaN, no Inf\n" }
    return result
  }

  private static func table(_ tensors: [Inspection.Tensor], hasShape: Bool, hasOther: Bool) -> TextTable {
    var columns: [TextTable.Column] = [.init("name", shrinks: true), .init("dtype")]
    if hasShape { columns.append(.init("shape")) }
    columns += ["min", "max", "mean", "std", "zeros"].map { .init($0, .right) }
    if hasOther { columns += [.init("NaN", .right), .init("Inf", .right)] }
    var table = TextTable(columns)
    for tensor in tensors {
      var cells = [tensor.spec.name.escaped, tensor.spec.dtype.rawValue]
      if hasShape { cells.append(tensor.spec.shapeText) }
      // The values of some block-quantised types are not read.
      guard let found = tensor.statistics else {
        table.append(cells + .init(repeating: "–", count: hasOther ? 7 : 5))
        continue
      }
      cells += [
        found.minimum?.words ?? "–", found.maximum?.words ?? "–", found.meanWords,
        found.deviation.map(SignedNumber.short) ?? "–", found.zeros.grouped,
      ]
      var styles: [Int: PaintedText.Style] = [:]
      if hasOther {
        for count in [found.nan, found.infinite] {
          if count > 0 { styles[cells.count] = .bad }
          cells.append(count.grouped)
        }
      }
      table.append(cells, styles: styles)
    }
    return table
  }
}

/// Numbers with a sign, with three digits.
enum SignedNumber {
  static func short(_ value: Double) -> String {
    (value < 0 ? "-" : "") + DifferenceReport.short(value.magnitude)
  }

  /// The number as JSON; NaN and infinities are strings.
  static func json(_ value: Double) -> JSONValue {
    value.isFinite ? .number(value) : .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
  }
}

extension ElementValue {
  /// The value as text; integers below a million in full.
  fileprivate var words: String {
    switch self {
    case .whole(let value) where value.magnitude < 1_000_000: Int(value).grouped
    case .whole(let value): SignedNumber.short(Double(value))
    case .real(let value) where value.isInfinite: value < 0 ? "-Inf" : "Inf"
    case .real(let value): SignedNumber.short(value)
    }
  }

  /// The value as JSON. Integers are exact; those above 2^63 − 1 are strings, because many JSON readers cannot store
  /// them.
  fileprivate var json: JSONValue {
    switch self {
    case .whole(let value): Int64(exactly: value).map(JSONValue.integer) ?? .string("\(value)")
    case .real(let value): SignedNumber.json(value)
    }
  }
}

extension ValueStatistics {
  /// The smallest and the largest value and the mean, as tables show them.
  var cells: (minimum: String, maximum: String, mean: String) {
    (minimum?.words ?? "–", maximum?.words ?? "–", meanWords)
  }

  fileprivate var meanWords: String {
    switch mean.count {
    case 0: "–"
    case 1: SignedNumber.short(mean[0])
    default: SignedNumber.short(mean[0]) + (mean[1] < 0 ? "" : "+") + SignedNumber.short(mean[1]) + "i"
    }
  }

  /// The statistics in the form of `schemas/inspect.schema.json`.
  var json: JSONValue {
    object([
      ("min", minimum?.json ?? .null), ("max", maximum?.json ?? .null),
      (
        "mean",
        mean.count == 1
          ? SignedNumber.json(mean[0]) : mean.isEmpty ? .null : .array(mean.map(SignedNumber.json))
      ),
      ("std", deviation.map(SignedNumber.json) ?? .null), ("zeros", JSONValue(zeros)),
      ("nan", JSONValue(nan)),
      ("inf", JSONValue(infinite)),
      (
        "histogram",
        .array(
          histogram.map { bin in
            object([
              ("exponent", JSONValue(bin.exponent)), ("negative", JSONValue(bin.negative)),
              ("positive", JSONValue(bin.positive)),
            ])
          })
      ),
    ])
  }
}
