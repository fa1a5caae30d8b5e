internal import StrictJSON
internal import Tensors

/// The parts of a folder that others describe are there and fit: the tensors of an adapter, the modules of
/// sentence-transformers, and the components of diffusers.
///
/// - `adapter_config.json` (PEFT): the tensors of LoRA have the names that PEFT reads, in pairs, for the modules of
///   `target_modules`. Dimension 0 of each `lora_A` and dimension 1 of each `lora_B` is `r` or an entry of
///   `rank_pattern`.
/// - `modules.json` (sentence-transformers): every module that has parameters or a configuration has a folder.
///   `Normalize` and `Dropout` have none of both. A pooling has the width of the model, a dense layer the width of the
///   module before it.
/// - `model_index.json` (diffusers): each component has a folder, also in a DDUF archive.
enum PartsRule: ValidationRule {
  static let summary = "Adapters, modules and components of a model are there, and fit."
  static let subjects: RuleSubjects = .folder
  static let advice = "Fetch the missing part again, or correct the file that describes it."

  static func findings(in subject: FolderSubject) -> [Finding] {
    adapter(in: subject) + modules(in: subject) + components(in: subject)
  }

  // MARK: Adapters

  private static func adapter(in subject: FolderSubject) -> [Finding] {
    let name = AdapterConfiguration.fileName
    guard let document = subject.document(name) else { return [] }
    let files = ["adapter_model.safetensors", "adapter_model.bin"]
    guard let weights = files.first(where: subject.has) else {
      return [
        subject.finding(.parts, .error, name, "", "expected '\(files[0])' beside it, found no such file")
      ]
    }
    let configuration = AdapterConfiguration(document)
    guard configuration.isLoRA else {
      return [
        subject.finding(
          .unexamined, subject.note, name, "peft_type",
          "expected LORA, found another method: its tensors are not compared")
      ]
    }
    guard let tensors = subject.tensors(of: weights) else { return [] }
    var findings = configuration.defects(of: tensors).map {
      subject.finding(.parts, $0.severity, name, $0.place, $0.message)
    }
    // The base may lie beside its adapter.
    if subject.has("config.json"), let base = subject.weights?.tensors {
      findings += configuration.differences(of: tensors, from: base).map {
        subject.finding(.parts, .error, name, "base", $0)
      }
    }
    return findings
  }

  // MARK: Modules of sentence-transformers

  private static func modules(in subject: FolderSubject) -> [Finding] {
    let name = "modules.json"
    guard let value = subject.value(name) else { return [] }
    guard case .array(let modules) = value else {
      return [
        subject.finding(.parts, .error, name, "", "expected a list of modules, found \(value.kindName)")
      ]
    }
    guard modules.count <= 64 else {
      return [
        subject.finding(.parts, .error, name, "", "expected at most 64 modules, found \(modules.count)")
      ]
    }
    var findings: [Finding] = []
    /// The width of the vectors that the module before gives.
    var width: (place: String, size: Int64)?
    for (number, item) in modules.enumerated() {
      guard case .object(let module) = item, case .string(let path)? = module["path"],
        case .string(let type)? = module["type"]
      else {
        findings.append(
          subject.finding(
            .parts, .error, name, "\(number)", "expected a module with path and type, found none"))
        continue
      }
      let kind = type.split(separator: ".").last.map(String.init) ?? type
      if ["Normalize", "Dropout"].contains(kind) { continue }
      guard path.isEmpty || subject.folders.contains(TensorName(path)) else {
        findings.append(
          subject.finding(
            .parts, .error, name, "\(number).path",
            "expected a folder \(TensorName(path).quoted), found none"))
        continue
      }
      let configuration = path.isEmpty ? "config.json" : "\(path)/config.json"
      guard let document = subject.document(configuration) else { continue }
      func size(_ keys: [String]) -> (place: String, size: Int64)? {
        for key in keys {
          if case .integer(let size)? = document[key] { return ("\(key) of '\(configuration)'", size) }
        }
        return nil
      }
      let inputs = ["Pooling": ["word_embedding_dimension"], "Dense": ["in_features"]][kind] ?? []
      if let before = width, let own = size(inputs), own.size != before.size {
        findings.append(
          subject.finding(
            .parts, .error, configuration, inputs[0],
            "expected \(before.size), the \(before.place), found \(own.size)"))
      }
      switch kind {
      case "Transformer": width = size(["hidden_size", "dim", "d_model", "n_embd"])
      case "Dense":
        findings += dense(in: path, document, subject)
        width = size(["out_features"])
      // Several ways of pooling give vectors beside each other.
      case "Pooling": if pooled(document) != 1 { width = nil }
      default: width = nil
      }
    }
    return findings
  }

  /// The number of ways in which a pooling computes a vector.
  private static func pooled(_ document: JSONObject) -> Int {
    document.members.count { $0.key.hasPrefix("pooling_mode_") && $0.value == .bool(true) }
  }

  private static func dense(
    in path: String, _ document: JSONObject, _ subject: FolderSubject
  ) -> [Finding] {
    guard case .integer(let inputs)? = document["in_features"],
      case .integer(let outputs)? = document["out_features"],
      let weight = subject.tensors(of: "\(path)/model.safetensors")?.first(where: {
        $0.name.text == "linear.weight"
      }),
      weight.shape.map(Int64.init) != [outputs, inputs]
    else { return [] }
    return [
      subject.finding(
        .parts, .error, "\(path)/config.json", "in_features",
        "expected \(weight.shape) for [out_features, in_features], found [\(outputs), \(inputs)]")
    ]
  }

  // MARK: Components of diffusers

  private static func components(in subject: FolderSubject) -> [Finding] {
    let name = "model_index.json"
    guard let document = subject.document(name) else { return [] }
    return components(of: document).filter { !subject.folders.contains(TensorName($0)) }.map { component in
      subject.finding(
        .parts, .error, name, component, "expected a folder of this name with the component, found none")
    }
  }

  /// The components that a `model_index.json` names: `[library, class]`. A pipeline does without `[null, null]`.
  static func components(of index: JSONObject) -> [String] {
    index.members.compactMap { member in
      guard !member.key.hasPrefix("_"), case .array(let pair) = member.value, pair.count == 2,
        pair.allSatisfy({ if case .string = $0 { true } else { false } })
      else { return nil }
      return member.key
    }
  }
}
