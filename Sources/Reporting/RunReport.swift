package import StrictJSON
package import Tensors

/// The output of `run`.
package struct RunReport: Sendable {
  /// One output.
  package struct Output: Sendable {
    package let name: String
    package let dtype: String
    package let shape: [Int]

    package init(name: String, dtype: String, shape: [Int]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  /// One node, with its totals over all timed runs.
  package struct Layer: Sendable {
    package let node: String
    package let operation: String
    package let shape: [Int]
    package let calls: Int
    package let seconds: Double
    package let multiplyAdds: Int
    package let parameters: ParameterCount

    package init(
      node: String, operation: String, shape: [Int], calls: Int, seconds: Double, multiplyAdds: Int,
      parameters: ParameterCount
    ) {
      self.multiplyAdds = multiplyAdds
      self.parameters = parameters
      self.node = node
      self.operation = operation
      self.shape = shape
      self.calls = calls
      self.seconds = seconds
    }
  }

  /// The samples of `--batch`.
  package struct Batch: Sendable {
    /// The most samples of a run.
    package let size: Int
    /// The samples of all runs.
    package let samples: Int

    package init(size: Int, samples: Int) {
      self.size = size
      self.samples = samples
    }
  }

  package let file: String
  package let destination: String
  package let backend: String
  package let threads: Int
  package let outputs: [Output]
  /// Bytes read from the file: those of weights, and all others.
  package let bytesRead: ByteCount
  package let indexBytes: ByteCount
  /// The times of the runs that count; there is at least one.
  package let latency: Latency
  /// Nil without `--batch`.
  package let batch: Batch?
  /// The nodes; nil without `--profile`.
  package let layers: [Layer]?
  /// How a budget of work selected the level; nil without such a budget.
  package let budget: BudgetReport?

  package init(
    file: String, destination: String, backend: String, threads: Int, outputs: [Output], bytesRead: ByteCount,
    indexBytes: ByteCount, latency: Latency, batch: Batch? = nil, layers: [Layer]?,
    budget: BudgetReport? = nil
  ) {
    self.budget = budget
    self.file = file
    self.destination = destination
    self.backend = backend
    self.threads = threads
    self.outputs = outputs
    self.bytesRead = bytesRead
    self.indexBytes = indexBytes
    self.latency = latency
    self.batch = batch
    self.layers = layers
  }

  /// A line for each output, one for the time, and a table of layers.
  package func text(width: Int?) -> String {
    var lines = outputs.map { output in
      "\(TensorName(output.name).quoted): \(output.dtype) [\(output.shape.map(String.init).joined(separator: ", "))]\n"
    }.joined()
    var runs = latency.count == 1 ? "1 run" : "\(latency.count) runs"
    if let batch { runs += " of at most \(batch.size.grouped) of \(batch.samples.grouped) samples" }
    let (least, most) = (Latency.milliseconds(latency.minimum), Latency.milliseconds(latency.maximum))
    let time =
      "\(PrintableText.line(destination)): \(Latency.milliseconds(latency.median)) ms (\(runs), \(least) ms to "
      + "\(most) ms), backend \(backend), \(threads) thread\(threads == 1 ? "" : "s"); read "
      + "\(bytesRead) of weights and \(indexBytes) of graph"
    lines += WrappedSentence.text(time, width: width)
    lines += budget?.text(width: width) ?? ""
    guard let layers else { return lines }
    var table = TextTable([
      .init("node", shrinks: true), .init("operator"), .init("output"), .init("calls", .right),
      .init("parameters", .right), .init("multiply-adds", .right), .init("ms", .right),
      .init("share", .right),
    ])
    let total = layers.reduce(0) { $0 + $1.seconds }
    for layer in layers.sorted(by: { $0.seconds > $1.seconds }) {
      table.append([
        layer.node, layer.operation, "[\(layer.shape.map(String.init).joined(separator: ", "))]",
        "\(layer.calls)", "\(layer.parameters)", "\(layer.multiplyAdds.grouped)",
        Latency.decimal(layer.seconds * 1000 / Double(max(1, latency.count)), places: 3),
        Latency.decimal(total > 0 ? 100 * layer.seconds / total : 0, places: 1) + " %",
      ])
    }
    return lines + "\n" + table.text(width: width)
  }

  /// The report in the form of `schemas/run.schema.json`.
  package var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "format", value: "tessera.run/1"), .init(key: "file", value: .string(file)),
      .init(key: "destination", value: .string(destination)), .init(key: "backend", value: .string(backend)),
      .init(key: "threads", value: JSONValue(threads)),
      .init(key: "outputs", value: .array(outputs.map(Self.json))),
      .init(key: "bytes_read", value: JSONValue(bytesRead.value)),
      .init(key: "index_bytes", value: JSONValue(indexBytes.value)),
      .init(key: "latency_seconds", value: latency.json),
    ]
    if let budget { members.append(.init(key: "budget", value: budget.json)) }
    if let batch {
      members.append(
        .init(
          key: "batch",
          value: .object(
            JSONObject([
              .init(key: "size", value: JSONValue(batch.size)),
              .init(key: "samples", value: JSONValue(batch.samples)),
            ]) ?? JSONObject())))
    }
    if let layers { members.append(.init(key: "layers", value: .array(layers.map(Self.json)))) }
    return .object(JSONObject(members) ?? JSONObject())
  }

  private static func json(_ output: Output) -> JSONValue {
    .object(
      JSONObject([
        .init(key: "name", value: .string(output.name)), .init(key: "dtype", value: .string(output.dtype)),
        .init(key: "shape", value: .array(output.shape.map { JSONValue($0) })),
      ]) ?? JSONObject())
  }

  private static func json(_ layer: Layer) -> JSONValue {
    .object(
      JSONObject([
        .init(key: "node", value: .string(layer.node)),
        .init(key: "operator", value: .string(layer.operation)),
        .init(key: "shape", value: .array(layer.shape.map { JSONValue($0) })),
        .init(key: "calls", value: JSONValue(layer.calls)),
        .init(key: "seconds", value: .number(layer.seconds)),
        .init(key: "multiply_adds", value: JSONValue(layer.multiplyAdds)),
        .init(key: "parameters", value: JSONValue(layer.parameters.value)),
      ]) ?? JSONObject())
  }
}
