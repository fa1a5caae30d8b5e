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
    guard isLoRA else { return notes }
    let modules = BaseModules(base)
    if let note = targetNote(modules) { notes.append(note) }
    notes += tensorNotes(LoRAPair.all(in: adapter), modules)
    return notes
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
    let pairs = LoRAPair.all(in: adapter)
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
        let wrong = [pair.rank, pair.otherRank].compactMap(\.self).first { !ranks.contains($0) }
        return wrong.map {
          ("\($0), the rank of module \(TensorName(pair.module).quoted)", "\(rank)\(others)")
        }
      })
    if case .array(let items)? = document["target_modules"] {
      let targets = items.compactMap { if case .string(let name) = $0 { name } else { nil } }
      func isTarget(_ module: String, _ name: String) -> Bool {
        module == name || module.hasSuffix("." + name)
      }
      // Tensors that are a parameter of a module, such as stacked experts, are in another list.
      let hasParameters =
        if case .array(let list)? = document["target_parameters"] { !list.isEmpty } else { false }
      add(
        .error, "target_modules",
        pairs.filter { pair in !hasParameters && !targets.contains { isTarget(pair.module, $0) } }.map {
          ("the module \(TensorName($0.module).quoted), which has tensors", "no entry for it")
        })
      add(
        .note, "target_modules",
        targets.filter { name in !pairs.contains { isTarget($0.module, name) } }.map {
          ("modules with tensors", "\(TensorName($0).quoted), which has none")
        })
    }
    return defects
  }

  /// The target modules that the base lacks. A text is a regular expression or a word of PEFT, and is not compared.
  private func targetNote(_ modules: BaseModules) -> String? {
    guard case .array(let items)? = document["target_modules"] else { return nil }
    let missing = items.compactMap { item -> String? in
      if case .string(let name) = item, !modules.hasTarget(name) { name } else { nil }
    }
    guard let first = missing.first else { return nil }
    return
      "target_modules: expected modules of the base, found \(TensorName(first).quoted)\(more(missing.count)), which it lacks"
  }

  private func tensorNotes(_ pairs: [LoRAPair], _ modules: BaseModules) -> [String] {
    var notes: [String] = []
    func add(_ found: [(LoRAPair, String)]) {
      guard let (pair, words) = found.first else { return }
      notes.append("module \(TensorName(pair.module).quoted)\(more(found.count)): \(words)")
    }
    let ranks = self.ranks
    add(
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
    add(
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
    return notes
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
  /// The ends of the modules' names, by which target_modules select.
  private var ends: Set<TensorName> = []

  init(_ base: [TensorSpec]) {
    for spec in base {
      let parts = spec.name.text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count > 1 else { continue }
      let module = parts.dropLast()
      // A base without its head has names without the first component or two ("model.", "transformer.").
      for start in 0..<min(3, module.count) {
        let name = TensorName(module.dropFirst(start).joined(separator: "."))
        if parts.last == "weight" {
          if weights[name] == nil || start == 0 { weights[name] = .plain(spec.shape) }
        } else if weights[name] == nil {
          weights[name] = .packed
        }
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
    var parts = module.split(separator: ".", omittingEmptySubsequences: false)[...]
    for _ in 0..<3 {
      if let found = weights[TensorName(parts.joined(separator: "."))] { return found }
      guard parts.count > 1 else { break }
      parts = parts.dropFirst()
    }
    return nil
  }
}
