package import StrictJSON
internal import Tensors
package import UnitModel

/// The output of `assign`: the orders of units of each task, and the affinities from which they follow.
package struct AssignmentReport: Sendable {
  /// A table of affinities: a row for each task, a number for each unit.
  package struct Table: Sendable {
    /// The axis; nil for all together.
    package let axis: String?
    package let tasks: [TaskID]
    package let values: [[Double]]
    package let json: JSONValue

    package init(axis: String? = nil, tasks: [TaskID], values: [[Double]], json: JSONValue) {
      (self.axis, self.tasks, self.values, self.json) = (axis, tasks, values, json)
    }
  }

  /// The path as the user gave it.
  package let file: String
  /// The file that was written; nil if none was.
  package let destination: String?
  package let assignment: Assignment
  /// The orders before; nil if the assignment is only shown.
  package let previous: Assignment?
  package let tables: [Table]

  package init(
    file: String, destination: String?, assignment: Assignment, previous: Assignment?, tables: [Table]
  ) {
    (self.file, self.destination) = (file, destination)
    (self.assignment, self.previous, self.tables) = (assignment, previous, tables)
  }

  private var details: JSONObject { assignment.provenance.details }

  /// The losses by task; nil if none was computed.
  private var losses: [(String, String)]? {
    guard case .object(let known)? = details["losses"], !known.isEmpty else { return nil }
    return known.members.compactMap { member in
      if case .string(let name) = member.value { (member.key, PrintableText.line(name)) } else { nil }
    }
  }

  package func text(width: Int?) -> String {
    var result = "\(PrintableText.line(file)): assignment '\(PrintableText.line(assignment.provenance.rule))'"
    if case .string(let method)? = details["method"] { result += ", from \(PrintableText.line(method))" }
    if case .integer(let samples)? = details["samples"] { result += " of at most \(samples) samples" }
    if let losses {
      let names = Set(losses.map(\.1))
      result +=
        names.count == 1
        ? ", loss: \(names.first ?? "")"
        : ", losses: " + losses.map { "\(TensorName($0.0).escaped) \($0.1)" }.joined(separator: ", ")
    }
    result += "\n\n"
    for table in tables {
      result += table.axis.map { "affinities on axis \(TensorName($0).quoted)\n" } ?? "affinities\n"
      let units = table.values.first?.count ?? 0
      var text = TextTable(
        [.init("task", shrinks: true)] + (0..<units).map { .init("unit \($0)", .right) })
      for (task, row) in zip(table.tasks, table.values) {
        text.append([TensorName(task.text).escaped] + row.map(Self.shown))
      }
      result += text.text(width: width) + "\n"
    }
    let isChanged = previous != nil
    var orders = TextTable(
      [.init("task", shrinks: true)] + (isChanged ? [.init("order before")] : [])
        + [.init(isChanged ? "order now" : "order"), .init("units of each level")])
    for task in assignment.tasks {
      let name = TensorName(task.task.text).escaped
      let before = previous.map { Self.list($0.task(task.task)?.order ?? []) }
      let levels = task.levels.map { level in Self.list(task.order.filter(level.contains)) }
      orders.append(
        [name] + (before.map { [$0] } ?? []) + [Self.list(task.order), levels.joined(separator: " ")])
      for axis in task.axes {
        let before = previous.map { old in
          let task = old.task(task.task)
          return Self.list(task?.axes.first { $0.axis == axis.axis }?.order ?? task?.order ?? [])
        }
        let levels = axis.levels.map { level in Self.list(axis.order.filter(level.contains)) }
        orders.append(
          ["  \(TensorName(axis.axis.text).escaped)"] + (before.map { [$0] } ?? [])
            + [Self.list(axis.order), levels.joined(separator: " ")])
      }
    }
    return result + orders.text(width: width)
      + (destination.map { "wrote \(PrintableText.line($0))\n" } ?? "")
  }

  private static func list(_ units: [UnitID]) -> String {
    "[" + units.map { "\($0.index)" }.joined(separator: " ") + "]"
  }

  /// Three significant digits, and at most three decimals.
  private static func shown(_ value: Double) -> String {
    guard value.isFinite else { return "infinite" }
    let size = abs(value)
    guard size < 1e15 else { return "\(value)" }
    let decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3
    let scale = [1, 10, 100, 1000][decimals]
    let whole = Int((size * Double(scale)).rounded())
    let digits = "\(whole % scale)"
    let fraction = decimals == 0 ? "" : "." + String(repeating: "0", count: decimals - digits.count) + digits
    return (value < 0 && whole > 0 ? "-" : "") + "\(whole / scale)" + fraction
  }

  package var json: JSONValue {
    func units(_ units: [UnitID]) -> JSONValue { .array(units.map { JSONValue($0.index) }) }
    func lists(_ order: [UnitID], _ levels: [UnitSet]) -> JSONValue {
      .array(levels.map { level in units(order.filter(level.contains)) })
    }
    var members: [(String, JSONValue)] = [("format", "tessera.assign/1"), ("file", .string(file))]
    if let destination { members.append(("destination", .string(destination))) }
    members.append(("rule", .string(assignment.provenance.rule)))
    for key in ["method", "data", "samples", "seed", "losses"] {
      if let value = details[key] { members.append((key, value)) }
    }
    let tasks = assignment.tasks.map { task -> JSONValue in
      var row: [(String, JSONValue)] = [
        ("name", .string(task.task.text)), ("order", units(task.order)),
        ("levels", lists(task.order, task.levels)),
      ]
      if let before = previous?.task(task.task) { row.append(("previous", units(before.order))) }
      if !task.axes.isEmpty {
        row.append(
          (
            "axes",
            object(
              task.axes.map { axis in
                (
                  axis.axis.text,
                  object([("order", units(axis.order)), ("levels", lists(axis.order, axis.levels))])
                )
              })
          ))
      }
      return object(row)
    }
    members.append(("tasks", .array(tasks)))
    if let table = tables.first(where: { $0.axis == nil }) { members.append(("affinities", table.json)) }
    let own = tables.compactMap { table in table.axis.map { ($0, table.json) } }
    if !own.isEmpty { members.append(("axis_affinities", object(own))) }
    return object(members)
  }
}
