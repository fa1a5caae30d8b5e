package import StrictJSON
internal import Tensors

/// The output of `verify`: the comparison of a source with the file that was converted from it.
package struct VerificationReport: Sendable {
  /// The comparison of a sub-network with its masked network.
  package struct Network: Sendable {
    package let task: String
    package let level: Int
    package let levelName: String?
    package let maxAbs: Double
    package let maxRelative: Double
    package let isWithin: Bool
    /// The layers; nil without `--layers`.
    package let layers: [Layer]?

    package init(
      task: String, level: Int, levelName: String? = nil, maxAbs: Double, maxRelative: Double, isWithin: Bool,
      layers: [Layer]?
    ) {
      self.task = task
      self.level = level
      self.levelName = levelName
      self.maxAbs = maxAbs
      self.maxRelative = maxRelative
      self.isWithin = isWithin
      self.layers = layers
    }
  }

  /// One value of the graph.
  package struct Layer: Sendable {
    package let name: String
    package let operation: String
    package let maxAbs: Double
    package let maxRelative: Double
    package let isWithin: Bool

    package init(name: String, operation: String, maxAbs: Double, maxRelative: Double, isWithin: Bool) {
      self.name = name
      self.operation = operation
      self.maxAbs = maxAbs
      self.maxRelative = maxRelative
      self.isWithin = isWithin
    }
  }

  package let source: String
  package let converted: String
  package let tolerance: Double
  /// The number of tensors that were compared.
  package var tensors = 0
  /// Names of tensors that differ or are in only one file.
  package var mismatches: [String] = []
  package var networks: [Network] = []
  /// Whether both files are the same ONNX model.
  package var isSameModel = false
  /// Whether the converted file is a checkpoint with a graph.
  package var hasGraph = false

  package init(source: String, converted: String, tolerance: Double) {
    self.source = source
    self.converted = converted
    self.tolerance = tolerance
  }

  /// Whether everything is equal, and every network is within tolerance.
  package var isClean: Bool { mismatches.isEmpty && networks.allSatisfy(\.isWithin) }

  /// One line for the tensors, one line for each network, and one for its layers: the first layer outside the
  /// tolerance, or the one with the largest difference.
  package func text(width: Int?) -> String {
    var text =
      mismatches.isEmpty
      ? "\(tensors) \(tensors == 1 ? "tensor" : "tensors"): every digest is equal\n"
      : "\(mismatches.count) of \(tensors) tensors differ or are in only one file: "
        + mismatches.prefix(5).map { TensorName($0).quoted }.joined(separator: ", ")
        + (mismatches.count > 5 ? ", \(mismatches.count - 5) more" : "") + "\n"
    if networks.isEmpty {
      let reason =
        isSameModel
        ? "both files are the same model"
        : !hasGraph
          ? "\(PrintableText.line(converted)) holds no graph"
          : mismatches.isEmpty ? "it has no tasks" : "the tensors differ"
      return text + "nothing was run: \(reason)\n"
    }
    for network in networks {
      text +=
        "task \(TensorName(network.task).quoted), level \(LevelText.text(network.level, network.levelName)): max abs \(Self.short(network.maxAbs)), "
        + "relative \(Self.short(network.maxRelative))\(network.isWithin ? "" : ", beyond tolerance")\n"
      if let layers = network.layers, layers.allSatisfy(\.isWithin),
        let worst = layers.max(by: { $0.maxAbs < $1.maxAbs })
      {
        text += "  \(layers.count) \(layers.count == 1 ? "layer" : "layers"): "
        text +=
          worst.maxAbs == 0
          ? "no difference\n"
          : "the largest max abs is \(Self.short(worst.maxAbs)), in \(TensorName(worst.name).quoted)\n"
      }
      if let layer = network.layers?.first(where: { !$0.isWithin }) {
        text +=
          "  first layer beyond tolerance: \(TensorName(layer.name).quoted) (\(PrintableText.line(layer.operation))), max abs \(Self.short(layer.maxAbs))\n"
      }
    }
    return text
  }

  package static func short(_ number: Double) -> String {
    if number == 0 || !number.isFinite { return "\(number)" }
    var exponent = 0
    var rest = number
    while rest >= 10 { (rest, exponent) = (rest / 10, exponent + 1) }
    while rest < 1 { (rest, exponent) = (rest * 10, exponent - 1) }
    return "\((rest * 100).rounded() / 100)e\(exponent)"
  }

  /// The report in the form of `schemas/verify.schema.json`.
  package var json: JSONValue {
    .object(
      JSONObject([
        .init(key: "format", value: "tessera.verify/1"), .init(key: "source", value: .string(source)),
        .init(key: "converted", value: .string(converted)),
        .init(key: "tolerance", value: Self.number(tolerance)),
        .init(key: "tensors", value: JSONValue(tensors)),
        .init(key: "tensors_equal", value: .bool(mismatches.isEmpty)),
        .init(key: "digest_mismatches", value: .array(mismatches.map { .string($0) })),
        .init(key: "networks", value: .array(networks.map(\.json))), .init(key: "ok", value: .bool(isClean)),
      ]) ?? JSONObject())
  }

  static func number(_ value: Double) -> JSONValue {
    value.isFinite ? .number(value) : .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
  }
}

extension VerificationReport.Network {
  fileprivate var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "task", value: .string(task)), .init(key: "level", value: JSONValue(level)),
      .init(key: "max_abs_error", value: VerificationReport.number(maxAbs)),
      .init(key: "max_rel_error", value: VerificationReport.number(maxRelative)),
      .init(key: "within_tolerance", value: .bool(isWithin)),
    ]
    if let levelName { members.insert(.init(key: "level_name", value: .string(levelName)), at: 2) }
    if let layers {
      members.append(
        .init(key: "first_departing", value: layers.first { !$0.isWithin }.map { .string($0.name) } ?? .null))
      members.append(
        .init(
          key: "layers",
          value: .array(
            layers.map {
              .object(
                JSONObject([
                  .init(key: "name", value: .string($0.name)),
                  .init(key: "operation", value: .string($0.operation)),
                  .init(key: "max_abs_error", value: VerificationReport.number($0.maxAbs)),
                  .init(key: "max_rel_error", value: VerificationReport.number($0.maxRelative)),
                  .init(key: "within_tolerance", value: .bool($0.isWithin)),
                ]) ?? JSONObject())
            })))
    }
    return .object(JSONObject(members) ?? JSONObject())
  }
}
