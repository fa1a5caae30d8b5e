internal import Accounting
internal import Tensors
internal import UnitModel

extension CountReport {
  /// The tables as text; two for each policy if one would be too wide.
  ///
  /// - Parameter width: columns of the terminal; nil for a pipe, for which tables have 80 columns and names are in
  ///   full.
  package func text(width: Int?) -> String {
    var result = "\(PrintableText.line(file)): \(kind)"
    if let unitCount { result += ", \(unitCount) \(unitCount == 1 ? "unit" : "units")" }
    result += "\n" + leftOut.text(width: width)
    if policies.count > 1 {
      result += "\n" + comparison(width: width)
    } else {
      for table in policies { result += "\n" + table.text(width: width) }
    }
    result += packedText(width: width) + unionText + claimsText(width: width)
    if let budget { result += "\n" + budget.text(width: width) }
    if let work { result += "\n" + work.text(width: width) }
    if let tensors {
      var table = TextTable([.init("tensor", shrinks: true), .init("role"), .init("part"), .init("because")])
      for tensor in tensors {
        table.append([
          tensor.name.escaped, tensor.role.role.rawValue, tensor.role.part.rawValue, tensor.role.reason,
        ])
      }
      result += "\n" + table.text(width: width)
    }
    if let layers { result += "\n" + layers.text(width: width) }
    return result
  }
}

extension CountReport {
  /// The most packed tensors that a note names; --json lists all of them.
  private static let packedShown = 3

  /// The number of experts for a token, and the packed tensors that count as they are stored.
  private func packedText(width: Int?) -> String {
    var result = ""
    if let expertsPerToken {
      result += "experts for a token: \(expertsPerToken.grouped)\n"
    }
    if packed.isEmpty { return result }
    let names = packed.prefix(Self.packedShown).map(\.name.escaped)
    let more = packed.count - names.count
    return result
      + WrappedList.text(
        "note: the file does not say how these are packed, so their containers are counted: ",
        names + (more > 0 ? ["\(more) more"] : []), width: width)
  }
}

extension CountReport.Table {
  fileprivate func text(width: Int?) -> String {
    let digest = policy.digest.description.prefix(12)
    var result =
      "policy \(policy.id) \(policy.version) (sha256 \(digest)…): \(PrintableText.line(policy.title))\n"
    // A file without tasks has one row and no units to list.
    let hasNetworks = !networks.isEmpty
    let labels = hasNetworks ? Cell.labels : []
    let whole = table(labels + Cell.sizes + Cell.classes)
    let columns = width ?? 80
    if whole.fits(columns) {
      result += whole.text(width: width)
    } else {
      // The list of units is the first column that is dropped if numbers are long.
      let sizes = table(labels + Cell.sizes)
      result += (sizes.fits(columns) || !hasNetworks ? sizes : table(labels.dropLast() + Cell.sizes)).text(
        width: width)
      result +=
        "\n" + table((hasNetworks ? Array(Cell.labels.prefix(2)) : []) + Cell.classes).text(width: width)
    }
    return result + roles(width: width) + patterns(width: width)
  }

  /// A note on patterns of the policy that match no name: they have typing errors, or are meant for another file.
  private func patterns(width: Int?) -> String {
    counts.unmatched.isEmpty
      ? "" : WrappedList.text("note: no tensor matches the policy's ", counts.unmatched, width: width)
  }

  /// The most left-out tensors that a table names; --json lists all of them.
  private static let namesShown = 3

  private func table(_ cells: [Cell]) -> TextTable {
    var table = TextTable(cells.map { $0.column(policy) })
    for row in rows { table.append(cells.map { $0.text(row, self) }) }
    return table
  }

  /// The roles of the stored parameters, counted and left out.
  private func roles(width: Int?) -> String {
    func list(_ counts: [(ParameterRole, ParameterCount)]) -> [String] {
      counts.filter { $0.1.value > 0 }.map { "\($0.0.rawValue) \($0.1)" }
    }
    let counted = list(stored.roles.map { ($0.role, $0.parameters) })
    let left = list(stored.roles.map { ($0.role, $0.excluded) })
    var result = WrappedList.text(
      "stored and counted: ", counted.isEmpty ? ["nothing"] : counted, width: width)
    if !left.isEmpty {
      let all = Double(stored.parameters.value) + Double(stored.excluded.value)
      let share = percent(Double(stored.excluded.value) / all)
      result += WrappedList.text("left out: \(stored.excluded) (\(share)): ", left, width: width)
      let names = counts.leftOut.prefix(Self.namesShown).map(\.escaped)
      let more = counts.leftOut.count - names.count
      if !names.isEmpty {
        result += WrappedList.text(
          "left out whole: ", names + (more > 0 ? ["\(more) more"] : []), width: width)
      }
    }
    if let unknown = stored.trainabilityUnknown, unknown.value > 0 {
      result += "\(unknown) of them: neither the policy nor their roles say whether they are trained\n"
    }
    if let expectation = counts.expectation {
      result += "expected over the policy's selection: \(hundredths(expectation.value)) parameters\n"
    }
    return result
  }
}

/// A column of the table.
private enum Cell {
  case task, level, units, parameters, density, bytes, intra, interconnection, common, `private`, excluded

  static let labels: [Cell] = [.task, .level, .units]
  static let sizes: [Cell] = [.parameters, .density, .bytes]
  static let classes: [Cell] = [.intra, .interconnection, .common, .private, .excluded]

  func column(_ policy: CountingPolicy) -> TextTable.Column {
    switch self {
    case .task: .init("task", shrinks: true)
    case .level: .init("level", .right)
    case .units: .init("units")
    case .parameters: .init("parameters", .right)
    case .density: .init(policy.ratio == .ofStored ? "density" : policy.ratio.rawValue, .right)
    case .bytes: .init(policy.sizeUnit.rawValue, .right)
    case .intra: .init("intra", .right)
    case .interconnection: .init("interconnection", .right)
    case .common: .init("common", .right)
    case .private: .init("private", .right)
    case .excluded: .init("excluded", .right)
    }
  }

  func text(_ row: ParameterRow, _ table: CountReport.Table) -> String {
    func number(_ value: Int) -> String { value.grouped }
    switch self {
    case .task: return row.task.map { TensorName($0.text).escaped } ?? "(stored)"
    case .level: return row.levelText
    case .units:
      if row.unitsInUse > 9 { return "\(row.unitsInUse) units" }
      let list = "[" + row.units.map(\.description).joined(separator: " ") + "]"
      return list.count <= 18 ? list : "\(row.units.count) units"
    case .parameters: return row.parameters.description
    case .density:
      let ratio = table.counts.ratio(of: row)
      return ratio.map { table.policy.ratio == .compression ? hundredths($0) + " ×" : percent($0) } ?? ""
    case .bytes:
      let unit = table.policy.sizeUnit
      if unit == .bytes { return number(row.bytes.value) }
      let value = Double(row.bytes.value) / Double(unit.bytes)
      // Two decimals would show a small file as 0.00 MB.
      return value < 0.995 ? StudyReport.decimals(value, 4) : hundredths(value)
    case .intra: return number(row.classes.intra)
    case .interconnection: return number(row.classes.interconnection)
    case .common: return number(row.classes.common)
    case .private: return number(row.classes.private)
    case .excluded: return row.excluded.description
    }
  }
}

extension CountReport {
  /// The parameters of some networks together, compared with separate ones.
  fileprivate var unionText: String {
    guard let first = policies.first?.union else { return "" }
    let names = first.networks.map { "\(TensorName($0.task.text).escaped):\($0.level)" }.joined(
      separator: " + ")
    // In the table of several policies, the numbers are in columns.
    if policies.count > 1 {
      return "\ntogether: \(names), shared elements are counted once; separate: the sum of all\n"
    }
    let separate = Double(first.separate.value)
    let shared = separate == 0 ? 0 : (separate - Double(first.together.parameters.value)) / separate
    return """

      \(names)
        together: \(first.together.parameters) parameters, \(first.together.bytes.value.grouped) bytes
        as separate networks: \(first.separate) parameters, \(first.separateBytes.value.grouped) bytes
        shared: \(Self.percent(shared))

      """
  }

  /// "25.2 %", with one decimal.
  static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

private func percent(_ share: Double) -> String { CountReport.percent(share) }

/// "12,345.68", with two decimals.
private func hundredths(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  let all = Int((value * 100).rounded())
  let rest = all % 100
  return "\((all / 100).grouped).\(rest < 10 ? "0" : "")\(rest)"
}
