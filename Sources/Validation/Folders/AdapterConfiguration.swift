package import StrictJSON
package import Tensors
internal import UnitModel

/// The adapter_config.json of a PEFT folder, compared with the adapter's tensors.
package struct AdapterConfiguration {
  package static let fileName = "adapter_config.json"
  package static let sizeLimit = 4 << 20

  private let document: JSONObject

  package init(_ document: JSONObject) { self.document = document }

  /// Whether the adapter is of the kind whose tensors are compared.
  var isLoRA: Bool { document["peft_type"] == .string("LORA") }

  /// Differences between the configuration, the adapter's tensors and the base's. Each is a note and no error, because
  /// PEFT has many kinds of adapters, and the files come back unchanged in any case.
  package func notes(of adapter: [TensorSpec], base: [TensorSpec]) -> [String] {
    var notes: [String] = []
    if case .string(let name)? = document["base_model_name_or_path"], !name.isEmpty {
      notes.append("the adapter was made for \(TensorName(name).quoted)")
    }
    if !isLoRA { return notes }
    if let note = targetNote(BaseModules(base)) { notes.append(note) }
    return notes + rankNotes(pairs(in: adapter)) + differences(of: adapter, from: base)
  }

  /// The modules and tensors of an adapter of the kind LoRA that its base lacks, or has with another shape.
  func differences(of adapter: [TensorSpec], from base: [TensorSpec]) -> [String] {
    if !isLoRA { return [] }
    let modules = BaseModules(base)
    return moduleNotes(pairs(in: adapter), modules) + savedNotes(adapter, modules)
  }

  /// A tensor or a key that PEFT ignores, refuses or leaves at its first values.
  struct Defect {
    let severity: Severity
    let place: String
    let message: String
  }

  /// What is wrong between the configuration and the tensors of an adapter of the kind LoRA.
  func defects(of adapter: [TensorSpec]) -> [Defect] {
    var defects: [Defect] = []
    func add(_ severity: Severity, _ place: String, _ found: [(expected: String, found: String)]) {
      guard let first = found.first else { return }
      defects.append(
        Defect(
          severity: severity, place: place,
          message: "expected \(first.expected), found \(first.found)\(more(found.count))"))
    }
    guard case .integer(let rank)? = document["r"] else {
      add(.error, "r", [("a whole number", "none")])
      return defects
    }
    add(
      .error, "tensors",
      adapter.filter { !$0.name.text.hasPrefix("base_model.model.") }.map {
        ("names that begin with 'base_model.model.', as PEFT reads them", $0.name.quoted)
      })
    let pairs = self.pairs(in: adapter)
    add(
      .error, "tensors",
      pairs.filter { $0.rank == nil || $0.otherRank == nil }.map {
        (
          "lora_A and lora_B of module \(TensorName($0.module).quoted)",
          $0.rank == nil ? "no lora_A" : "no lora_B"
        )
      })
    let others = ranks.count > 1 ? " or an entry of rank_pattern" : ""
    add(
      .error, "r",
      pairs.compactMap { pair in
        // Grouped convolutions have another rank in their second matrix.
        guard pair.extents != nil else { return nil }
        let own = ranks(of: pair.module)
        let wrong = [pair.rank, pair.otherRank].compactMap(\.self).first { !own.contains($0) }
        return wrong.map {
          ("\($0), the rank of module \(TensorName(pair.module).quoted)", "\(rank)\(others)")
        }
      })
    if let targets = texts("target_modules") {
      add(
        .error, "target_modules",
        pairs.filter { pair in !targets.contains { isTarget(pair.module, $0) } }.map {
          ("the module \(TensorName($0.module).quoted), which has tensors", "no entry for it")
        })
      add(
        .note, "target_modules",
        targets.filter { name in !pairs.contains { isTarget($0.module, name) } }.map {
          ("modules with tensors", "\(TensorName($0).quoted), which has none")
        })
    }
    for (flag, part) in [("use_dora", "lora_magnitude_vector"), ("lora_bias", "lora_B")]
    where document[flag] == .bool(true) {
      let end = flag == "lora_bias" ? ".bias" : ""
      if !adapter.contains(where: { $0.name.text.contains(".\(part)") && $0.name.text.hasSuffix(end) }) {
        add(.error, flag, [("tensors named '…\(part)…\(end)'", "none")])
      }
    }
    if let saved = texts("modules_to_save") {
      add(
        .error, "modules_to_save",
        saved.filter { name in !adapter.contains { ".\($0.name.text)".contains(".\(name).") } }.map {
          ("tensors of the module \(TensorName($0).quoted)", "none")
        })
    }
    return defects
  }

  /// The texts in a list; nil if there is no list.
  private func texts(_ key: String) -> [String]? {
    guard case .array(let items)? = document[key] else { return nil }
    return items.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  private func isTarget(_ module: String, _ name: String) -> Bool {
    module == name || module.hasSuffix("." + name)
  }

  /// The pairs of the adapter's modules, without those that belong to a parameter of a module, such as stacked experts:
  /// their rank is that of all experts together.
  private func pairs(in adapter: [TensorSpec]) -> [LoRAPair] {
    let pairs = LoRAPair.all(in: adapter)
    guard case .array(let parameters)? = document["target_parameters"], !parameters.isEmpty else {
      return pairs
    }
    let targets = texts("target_modules") ?? []
    return pairs.filter { pair in targets.contains { isTarget(pair.module, $0) } }
  }

  /// The target modules that the base lacks. A text is a regular expression or a word of PEFT, and is not compared.
  private func targetNote(_ modules: BaseModules) -> String? {
    let missing = (texts("target_modules") ?? []).filter { !modules.hasTarget($0) }
    guard let first = missing.first else { return nil }
    return
      "target_modules: expected modules of the base, found \(TensorName(first).quoted)\(more(missing.count)), which it lacks"
  }

  /// Whole tensors of the adapter, such as a resized embedding, that have another shape in the base.
  private func savedNotes(_ adapter: [TensorSpec], _ modules: BaseModules) -> [String] {
    let wrong = adapter.compactMap { spec -> String? in
      var parts = spec.name.text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.starts(with: ["base_model", "model"]), parts.last == "weight",
        !parts.contains(where: { $0.hasPrefix("lora_") })
      else { return nil }
      parts = parts.dropFirst(2).dropLast().filter { $0 != "base_layer" && $0 != "modules_to_save" }
      guard case .plain(let shape)? = modules.weight(of: parts.joined(separator: ".")), shape != spec.shape
      else {
        return nil
      }
      return "tensor \(spec.name.quoted): expected shape \(shape) as in the base, found \(spec.shape)"
    }
    return wrong.first.map { [$0 + (wrong.count > 1 ? ", and \(wrong.count - 1) more" : "")] } ?? []
  }

  /// A sentence on the first of several modules.
  private func note(_ found: [(LoRAPair, String)]) -> [String] {
    guard let (pair, words) = found.first else { return [] }
    return ["module \(TensorName(pair.module).quoted)\(more(found.count)): \(words)"]
  }

  private func rankNotes(_ pairs: [LoRAPair]) -> [String] {
    let ranks = self.ranks
    return note(
      pairs.compactMap { pair in
        guard pair.rank == pair.otherRank else {
          return (
            pair,
            "expected one rank in both matrices, found \(words(pair.rank)) and \(words(pair.otherRank))"
          )
        }
        guard let rank = pair.rank, !ranks.isEmpty, !ranks.contains(rank) else { return nil }
        let expected = ranks.sorted().map { "\($0)" }.joined(separator: ", ")
        return (pair, "expected rank \(expected) as in the configuration, found matrices of rank \(rank)")
      })
  }

  private func moduleNotes(_ pairs: [LoRAPair], _ modules: BaseModules) -> [String] {
    note(
      pairs.compactMap { pair in
        guard let weight = modules.weight(of: pair.module) else {
          return (pair, "expected it in the base, found no such module")
        }
        guard case .plain(let shape) = weight, shape.count == 2, let (inputs, outputs) = pair.extents else {
          return nil
        }
        // Conv1D stores [inputs, outputs], Linear [outputs, inputs].
        if shape == [outputs, inputs] || shape == [inputs, outputs] { return nil }
        return (
          pair,
          "expected \(outputs) outputs and \(inputs) inputs as in the adapter, found a base weight of shape \(shape)"
        )
      })
  }

  /// The ranks that a module may have: that of the entry of `rank_pattern` with its name, or `r`. Entries may be regular
  /// expressions, which are not compared.
  private func ranks(of module: String) -> Set<Int> {
    guard case .object(let pattern)? = document["rank_pattern"], !pattern.members.isEmpty else {
      return ranks
    }
    if pattern.members.contains(where: { $0.key.contains(#/[^A-Za-z0-9_.]/#) }) { return ranks }
    let entry = pattern.members.first { isTarget(module, $0.key) }
    guard case .integer(let rank)? = entry?.value ?? document["r"], let rank = Int(exactly: rank) else {
      return ranks
    }
    return [rank]
  }

  /// The ranks that the configuration allows; empty if it gives none.
  private var ranks: Set<Int> {
    var ranks: Set<Int> = []
    if case .integer(let rank)? = document["r"], let rank = Int(exactly: rank) { ranks.insert(rank) }
    if case .object(let pattern)? = document["rank_pattern"] {
      for member in pattern.members {
        if case .integer(let rank) = member.value, let rank = Int(exactly: rank) { ranks.insert(rank) }
      }
    }
    return ranks
  }

  private func words(_ rank: Int?) -> String { rank.map { "\($0)" } ?? "none" }

  private func more(_ count: Int) -> String { count > 1 ? " and \(count - 1) more" : "" }
}

/// The two low-rank matrices of a module: `lora_A` is [rank, inputs], `lora_B` is [outputs, rank].
private struct LoRAPair {
  /// The module's name in the base.
  let module: String
  /// The rank of `lora_A`; nil if it is missing.
  private(set) var rank: Int?
  /// The rank of `lora_B`; nil if it is missing.
  private(set) var otherRank: Int?
  private var inputs: Int?
  private var outputs: Int?
  private var isFlat = true

  /// The extents of the module's weight; nil if a matrix is missing, or has more dimensions (convolutions).
  var extents: (inputs: Int, outputs: Int)? {
    guard isFlat, let inputs, let outputs else { return nil }
    return (inputs, outputs)
  }

  private init(module: String) { self.module = module }

  /// The pairs of an adapter, in the order of their first tensors.
  ///
  /// PEFT's names are `base_model.model.MODULE.lora_A.weight`; embeddings have `lora_embedding_A` instead.
  static func all(in specs: [TensorSpec]) -> [LoRAPair] {
    var pairs: [LoRAPair] = []
    var places: [TensorName: Int] = [:]
    for spec in specs {
      var parts = spec.name.text.split(separator: ".", omittingEmptySubsequences: false)
      if parts.starts(with: ["base_model", "model"]) { parts.removeFirst(2) }
      if parts.last == "weight" { parts.removeLast() }
      // In memory, a name ends with the adapter's: lora_A.default.weight.
      if parts.count > 1, parts[parts.count - 2].hasPrefix("lora_") { parts.removeLast() }
      guard let last = parts.popLast(), !parts.isEmpty, spec.shape.count >= 2 else { continue }
      let isFirst = last == "lora_A" || last == "lora_embedding_A"
      guard isFirst || last == "lora_B" || last == "lora_embedding_B" else { continue }
      let module = TensorName(parts.joined(separator: "."))
      let place = places[module] ?? pairs.count
      if place == pairs.count {
        places[module] = place
        pairs.append(LoRAPair(module: module.text))
      }
      if isFirst {
        (pairs[place].rank, pairs[place].inputs) = (spec.shape[0], spec.shape[1])
      } else {
        (pairs[place].outputs, pairs[place].otherRank) = (spec.shape[0], spec.shape[1])
      }
      if spec.shape.count > 2 { pairs[place].isFlat = false }
    }
    return pairs
  }
}

/// The modules of a base: the names of its tensors without their last component.
private struct BaseModules {
  /// The weights of a module: `weight`, or packed tensors of other names.
  enum Weight {
    case plain([Int])
    case packed
  }

  private var weights: [TensorName: Weight] = [:]
  /// The same without the first component or two.
  private var shortened: [TensorName: Weight] = [:]
  /// The ends of the modules' names, by which target_modules select.
  private var ends: Set<TensorName> = []

  init(_ base: [TensorSpec]) {
    for spec in base {
      let parts = spec.name.text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count > 1 else { continue }
      let module = parts.dropLast()
      for start in 0..<min(3, module.count) {
        let name = TensorName(module.dropFirst(start).joined(separator: "."))
        let weight = parts.last == "weight" ? Weight.plain(spec.shape) : .packed
        func note(_ weights: inout [TensorName: Weight]) {
          if parts.last == "weight" || weights[name] == nil { weights[name] = weight }
        }
        if start == 0 { note(&weights) } else { note(&shortened) }
      }
      for start in module.indices {
        // Names of a hundred components would take quadratic time; PEFT's targets have one or two.
        guard module.count - start <= 8 else { continue }
        ends.insert(TensorName(module[start...].joined(separator: ".")))
      }
    }
  }

  func hasTarget(_ name: String) -> Bool { ends.contains(TensorName(name)) }

  /// The weights of a module; nil if there is no such module.
  func weight(of module: String) -> Weight? {
    let name = TensorName(module)
    // An adapter of a model without its head lacks the first component or two of the base's names ("model."), and a base
    // without its head those of the adapter's.
    if let found = weights[name] ?? shortened[name] { return found }
    let parts = module.split(separator: ".", omittingEmptySubsequences: false)
    for start in 1..<max(2, min(3, parts.count)) {
      if let found = weights[TensorName(parts.dropFirst(start).joined(separator: "."))] { return found }
    }
    return nil
  }
}
