internal import Accounting
internal import Tensors
internal import UnitModel

extension CountReport {
  /// The numbers of all policies in one table, with a column for each policy under a letter; then a legend of the
  /// letters.
  ///
  /// Columns that do not fit are in further tables with the same rows.
  func comparison(width: Int?) -> String {
    let letters = policies.indices.map(Self.letter)
    var result = tables(letters, .parameters, width: width)
    if differInBytes { result += "\nin bytes\n" + tables(letters, .bytes, width: width) }
    result += "\n"
    for (letter, policy) in zip(letters, policies) { result += policy.legend(letter, width: width) }
    return result
  }

  /// The quantity in the cells of a table.
  private enum Quantity {
    case parameters, bytes

    func text(_ row: ParameterRow) -> String {
      self == .parameters ? row.parameters.description : row.bytes.value.grouped
    }

    func separate(_ union: UnionCount) -> String {
      self == .parameters
        ? union.separate.description : union.separateBytes.value.grouped
    }
  }

  /// Whether two policies count the same elements but different bits for them.
  private var differInBytes: Bool {
    let numbers = policies.map { $0.rows.map(\.parameters) }
    return policies.indices.contains { one in
      policies.indices.contains { other in
        numbers[one] == numbers[other] && policies[one].rows.map(\.bytes) != policies[other].rows.map(\.bytes)
      }
    }
  }

  private func tables(_ letters: [String], _ quantity: Quantity, width: Int?) -> String {
    var result = ""
    var start = 0
    while start < policies.count {
      var end = start + 1
      // There is at least one column, however narrow the terminal is.
      while end < policies.count, table(letters, start..<(end + 1), quantity).fits(width ?? 80) { end += 1 }
      result += (start == 0 ? "" : "\n") + table(letters, start..<end, quantity).text(width: width)
      start = end
    }
    return result
  }

  private func table(_ letters: [String], _ columns: Range<Int>, _ quantity: Quantity) -> TextTable {
    let hasNetworks = policies.first.map { !$0.networks.isEmpty } ?? false
    var table = TextTable(
      (hasNetworks ? [.init("task", shrinks: true), .init("level", .right)] : [.init("file", shrinks: true)])
        + columns.map { .init(letters[$0], .right) })
    for row in labels {
      let label =
        hasNetworks
        ? [row.map { TensorName($0.task.text).escaped } ?? "(stored)", levelText(row)]
        : ["(stored)"]
      table.append(
        label
          + columns.map { column in
            // Under another policy, a budget may select another level.
            policies[column].rows.first { $0.task == row?.task && $0.level == row?.level }.map(quantity.text)
              ?? "–"
          })
    }
    if let first = policies.first, first.union != nil {
      table.append(
        unionLabel(first, hasNetworks)
          + columns.map { policies[$0].union.map { quantity.text($0.together) } ?? "" })
      table.append(
        (hasNetworks ? ["(separate)", ""] : ["(separate)"])
          + columns.map { policies[$0].union.map(quantity.separate) ?? "" })
    }
    return table
  }

  private func levelText(_ network: Claim.Network?) -> String {
    policies.lazy.flatMap(\.networks).first { $0.task == network?.task && $0.level == network?.level }
      .map(\.levelText) ?? network?.level.description ?? ""
  }

  private func unionLabel(_ table: Table, _ hasNetworks: Bool) -> [String] {
    hasNetworks ? ["(together)", ""] : ["(together)"]
  }

  /// The networks in the rows of any policy, in the order of the file; then nil for everything stored.
  private var labels: [Claim.Network?] {
    var seen: Set<Claim.Network> = []
    for row in policies.flatMap(\.networks) {
      if let task = row.task, let level = row.level { seen.insert(Claim.Network(task: task, level: level)) }
    }
    let order = tasks.enumerated().reduce(into: [:]) { $0[$1.element] = $1.offset }
    return seen.sorted { (order[$0.task] ?? 0, $0.level) < (order[$1.task] ?? 0, $1.level) }.map { $0 } + [
      nil
    ]
  }

  private static func letter(_ index: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    return index < letters.count ? String(letters[index]) : "p\(index + 1)"
  }
}

extension CountReport.Table {
  /// The line for a letter: the policy's id, version and digest, and the stored parameters that it leaves out.
  fileprivate func legend(_ letter: String, width: Int?) -> String {
    let all = Double(stored.parameters.value) + Double(stored.excluded.value)
    let share = all == 0 ? "" : " (\(CountReport.percent(Double(stored.excluded.value) / all)))"
    let left = stored.roles.filter { $0.excluded.value > 0 }.map { "\($0.role.rawValue) \($0.excluded)" }
    let heading =
      "\(letter)  \(policy.id) \(policy.version) (sha256 \(policy.digest.description.prefix(12))…): "
    let list = WrappedList.text(
      heading, left.isEmpty ? ["nothing left out"] : ["\(stored.excluded)\(share) left out"] + left,
      width: width ?? 80)
    if counts.unmatched.isEmpty { return list }
    return list
      + WrappedList.text("   note: no tensor matches the policy's ", counts.unmatched, width: width ?? 80)
  }
}
