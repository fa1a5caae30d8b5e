internal import StrictJSON
package import Tensors
package import UnitModel

/// The work of networks: multiply-adds, memory of activations, and time.
package struct WorkTable: Sendable {
  /// One network.
  package struct Row: Sendable {
    let task: TaskID?
    let level: LevelNumber?
    let levelName: String?
    let multiplyAdds: Int
    let peakActivations: ByteCount
    /// The times of the runs; nil if none was timed.
    let latency: Latency?

    /// - Parameter task: nil for the whole graph; then `level` is nil too.
    package init(
      task: TaskID?, level: LevelNumber?, levelName: String? = nil, multiplyAdds: Int,
      peakActivations: ByteCount, latency: Latency?
    ) {
      self.task = task
      self.level = level
      self.levelName = levelName
      self.multiplyAdds = multiplyAdds
      self.peakActivations = peakActivations
      self.latency = latency
    }
  }

  /// How latencies were measured.
  package struct Measurement: Sendable {
    let backend: String
    let threads: Int
    let repeats: Int

    package init(backend: String, threads: Int, repeats: Int) {
      self.backend = backend
      self.threads = threads
      self.repeats = repeats
    }

    /// "measured: 5 runs after the first, backend fast, 2 threads", with the end of the line.
    var text: String {
      "measured: \(repeats) run\(repeats == 1 ? "" : "s") after the first, backend \(backend), "
        + "\(threads) thread\(threads == 1 ? "" : "s")\n"
    }

    var members: [(String, JSONValue)] {
      [("backend", .string(backend)), ("threads", JSONValue(threads)), ("repeats", JSONValue(repeats))]
    }
  }

  let inputs: [LayerTable.Input]
  let rows: [Row]
  let measurement: Measurement?

  package init(inputs: [LayerTable.Input], rows: [Row], measurement: Measurement?) {
    self.inputs = inputs
    self.rows = rows
    self.measurement = measurement
  }

  /// A row for each network.
  func text(width: Int?) -> String {
    var columns: [TextTable.Column] = [
      .init("task", shrinks: true), .init("level", .right), .init("multiply-adds", .right),
      .init("peak activation bytes", .right),
    ]
    if measurement != nil { columns.append(.init("median ms", .right)) }
    var table = TextTable(columns)
    for row in rows {
      var cells = [
        row.task.map { TensorName($0.text).escaped } ?? "(whole graph)",
        row.level.map { LevelText.text($0.value, row.levelName) } ?? "",
        "\(row.multiplyAdds.grouped)", "\(row.peakActivations.value.grouped)",
      ]
      if measurement != nil { cells.append(row.latency.map { Latency.milliseconds($0.median) } ?? "") }
      table.append(cells)
    }
    var result = WrappedList.text(
      "work for ", inputs.isEmpty ? ["no inputs"] : inputs.map(\.text), width: width)
    result += table.text(width: width)
    return result + (measurement?.text ?? "")
  }

  var json: JSONValue {
    var members: [(String, JSONValue)] = [("inputs", .array(inputs.map(\.json)))]
    if let measurement { members += measurement.members }
    members.append(("rows", .array(rows.map(\.json))))
    return object(members)
  }
}

extension WorkTable.Row {
  fileprivate var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("task", task.map { .string($0.text) } ?? .null), ("level", level.map { JSONValue($0.value) } ?? .null),
    ]
    if let levelName { members.append(("level_name", .string(levelName))) }
    members += [
      ("multiply_adds", JSONValue(multiplyAdds)),
      ("peak_activation_bytes", JSONValue(peakActivations.value)),
    ]
    if let latency { members.append(("latency_seconds", latency.json)) }
    return object(members)
  }
}
