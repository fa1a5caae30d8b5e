package import StrictJSON
package import Tensors

/// What `run` says about a run.
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

  /// One node over all runs that were timed.
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

  package let file: String
  package let destination: String
  package let backend: String
  package let threads: Int
  package let outputs: [Output]
  /// What the file gave: of weights, and of everything else.
  package let bytesRead: ByteCount
  package let indexBytes: ByteCount
  /// Of each run that counts, at least one.
  package let seconds: [Double]
  /// With `--profile`.
  package let layers: [Layer]?

  package init(
    file: String, destination: String, backend: String, threads: Int, outputs: [Output], bytesRead: ByteCount,
    indexBytes: ByteCount, seconds: [Double], layers: [Layer]?
  ) {
    self.file = file
    self.destination = destination
    self.backend = backend
    self.threads = threads
    self.outputs = outputs
    self.bytesRead = bytesRead
    self.indexBytes = indexBytes
    self.seconds = seconds.sorted()
    self.layers = layers
  }

  private var minimum: Double { seconds.first ?? 0 }
  private var maximum: Double { seconds.last ?? 0 }
  /// The middle one, or the mean of the two in the middle.
  private var median: Double {
    guard let last = seconds.indices.last else { return 0 }
    return (seconds[last / 2] + seconds[(last + 1) / 2]) / 2
  }

  /// One line per output, one for the time, and a table of layers.
  package func text(width: Int?) -> String {
    var lines = outputs.map { output in
      "\(TensorName(output.name).quoted): \(output.dtype) [\(output.shape.map(String.init).joined(separator: ", "))]\n"
    }.joined()
    let runs = seconds.count == 1 ? "1 run" : "\(seconds.count) runs"
    let time =
      "\(destination): \(Self.milliseconds(median)) (\(runs), \(Self.milliseconds(minimum)) to "
      + "\(Self.milliseconds(maximum))), backend \(backend), \(threads) thread\(threads == 1 ? "" : "s"); read "
      + "\(bytesRead) of weights and \(indexBytes) of graph"
    lines += WrappedSentence.text(time, width: width)
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
        "\(layer.calls)", "\(layer.parameters)", "\(ParameterCount(layer.multiplyAdds))",
        Self.decimal(layer.seconds * 1000 / Double(max(1, seconds.count)), places: 3),
        Self.decimal(total > 0 ? 100 * layer.seconds / total : 0, places: 1) + " %",
      ])
    }
    return lines + "\n" + table.text(width: width)
  }

  private static func milliseconds(_ seconds: Double) -> String { decimal(seconds * 1000, places: 2) + " ms" }

  private static func decimal(_ number: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let units = Int((number * Double(scale)).rounded())
    let rest = String(units % scale)
    return "\(units / scale)." + String(repeating: "0", count: max(0, places - rest.count)) + rest
  }

  /// As `schemas/run.schema.json` describes it.
  package var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "format", value: "tessera.run/1"), .init(key: "file", value: .string(file)),
      .init(key: "destination", value: .string(destination)), .init(key: "backend", value: .string(backend)),
      .init(key: "threads", value: JSONValue(threads)),
      .init(key: "outputs", value: .array(outputs.map(Self.json))),
      .init(key: "bytes_read", value: JSONValue(bytesRead.value)),
      .init(key: "index_bytes", value: JSONValue(indexBytes.value)),
      .init(
        key: "latency_seconds",
        value: .object(
          JSONObject([
            .init(key: "min", value: .number(minimum)), .init(key: "median", value: .number(median)),
            .init(key: "max", value: .number(maximum)),
          ]) ?? JSONObject())),
    ]
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
