package import StrictJSON
package import Tensors

/// The output of `extract`.
package struct Extraction: Sendable {
  /// The paths as the user gave them.
  package let file: String
  package let destination: String
  package let task: String
  package let level: Int
  package let levelName: String?
  /// The units, in the task's order.
  package let units: [Int]
  package let tensors: Int
  /// Elements and logical bytes; tied tensors count once.
  package let parameters: ParameterCount
  package let bytes: ByteCount
  /// Bytes read from the file: those of tensor data, and all others.
  package let bytesRead: ByteCount
  package let indexBytes: ByteCount
  /// Tensors that the graph has in addition to the sub-network's own.
  package let graphTensors: [TensorSpec]
  /// The names of the files beside the weights, for a folder.
  package let companions: [String]
  /// The values of config.json that are new.
  package let configuration: [(key: String, value: JSONValue)]
  /// For the task of an added input: the tensors of the first input that it uses and that are not written; else nil.
  package let baseTensors: Int?
  /// How a budget of work selected the level; nil without such a budget.
  package let budget: BudgetReport?

  package init(
    file: String, destination: String, task: String, level: Int, levelName: String? = nil, units: [Int],
    tensors: Int, parameters: ParameterCount, bytes: ByteCount, bytesRead: ByteCount, indexBytes: ByteCount,
    graphTensors: [TensorSpec] = [], companions: [String] = [],
    configuration: [(key: String, value: JSONValue)] = [], baseTensors: Int? = nil,
    budget: BudgetReport? = nil
  ) {
    self.budget = budget
    self.file = file
    self.destination = destination
    self.task = task
    self.level = level
    self.levelName = levelName
    self.units = units
    self.tensors = tensors
    self.parameters = parameters
    self.bytes = bytes
    self.bytesRead = bytesRead
    self.indexBytes = indexBytes
    self.graphTensors = graphTensors
    self.companions = companions
    self.configuration = configuration
    self.baseTensors = baseTensors
  }

  /// The report as one line; with a budget of work, also how it selected the level.
  package var text: String {
    let list = "[" + units.map(String.init).joined(separator: " ") + "]"
    let elements = ParameterCount(graphTensors.reduce(0) { $0 + $1.elementCount })
    let added =
      graphTensors.isEmpty
      ? ""
      : "; \(elements) of the parameters are the graph's own indices and extents"
    let base =
      switch baseTensors ?? 0 {
      case 0: ""
      case 1: "; 1 tensor of the first input is left out"
      case let count: "; \(count) tensors of the first input are left out"
      }
    return
      "\(PrintableText.line(destination)): task \(TensorName(task).quoted), level \(LevelText.text(level, levelName)), units \(list): \(tensors) \(tensors == 1 ? "tensor" : "tensors"), "
      + "\(parameters) parameters, \(bytes); read \(bytesRead) of tensors and \(indexBytes) of index\(added)\(base)\n"
      + (budget?.text(width: nil) ?? "")
  }

  /// The report in the form of `schemas/extract.schema.json`.
  package var json: JSONValue {
    let name = levelName.map { [JSONMember(key: "level_name", value: .string($0))] } ?? []
    let base = baseTensors.map { [JSONMember(key: "base_tensors", value: JSONValue($0))] } ?? []
    return .object(
      JSONObject(
        [
          .init(key: "format", value: "tessera.extract/1"), .init(key: "file", value: .string(file)),
          .init(key: "destination", value: .string(destination)), .init(key: "task", value: .string(task)),
          .init(key: "level", value: JSONValue(level)),
        ] + name + [
          .init(key: "units", value: .array(units.map { JSONValue($0) })),
          .init(key: "tensors", value: JSONValue(tensors)),
          .init(key: "parameters", value: JSONValue(parameters.value)),
          .init(key: "bytes", value: JSONValue(bytes.value)),
          .init(key: "bytes_read", value: JSONValue(bytesRead.value)),
          .init(key: "index_bytes", value: JSONValue(indexBytes.value)),
          .init(
            key: "graph_tensors",
            value: object([
              ("tensors", JSONValue(graphTensors.count)),
              ("parameters", JSONValue(graphTensors.reduce(0) { $0 + $1.elementCount })),
              ("bytes", JSONValue(graphTensors.reduce(0) { $0 + $1.byteCount })),
            ])),
          .init(key: "files", value: .array(companions.map { .string($0) })),
          .init(key: "configuration", value: object(configuration)),
        ] + base + (budget.map { [JSONMember(key: "budget", value: $0.json)] } ?? [])) ?? JSONObject())
  }
}
