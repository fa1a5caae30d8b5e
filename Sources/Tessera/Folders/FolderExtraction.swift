package import ByteFiles
internal import Conversion
package import Planning
package import StrictJSON
internal import TensorStreams
package import Tensors
package import UnitCheckpoints
package import UnitModel

/// The files that make a sub-network's weights a model's folder again: the original ones, with config.json changed.
package struct FolderExtraction {
  /// The files to write beside the weights.
  package private(set) var files: [CompanionFile]
  /// The changed keys of config.json.
  package let changes: [(key: String, value: JSONValue)]
  /// The same for the user: `intermediate_size 20`.
  package var changeWords: [String] {
    changes.map { "\($0.key) \((try? JSONWriter.text($0.value, layout: .compact)) ?? "")" }
  }
  /// The folders that modules.json names, and that the checkpoint did not keep.
  package var missingFolders: [String] {
    guard let list = files.first(where: { $0.name == "modules.json" }),
      case .array(let modules)? = try? JSONParser(sizeLimit: 1 << 20).parse(list.bytes)
    else { return [] }
    return modules.compactMap { module in
      guard case .object(let members) = module, case .string(let path)? = members["path"], !path.isEmpty,
        case .string(let type)? = members["type"],
        // These modules have no files.
        !["Normalize", "Dropout"].contains(where: type.hasSuffix),
        !files.contains(where: { $0.name.hasPrefix(path + "/") })
      else { return nil }
      return path
    }
  }
  /// What the user should know before the model runs; nil if nothing.
  package let note: String?
  /// The new name of each tensor that gets another number.
  package let names: [TensorName: TensorName]

  /// Whether a config.json is written.
  package var hasConfiguration: Bool { files.contains { $0.name == Self.configuration } }

  private static let configuration = "config.json"

  /// Throws if config.json cannot describe the sub-network, so that no loader could build it.
  package init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, _ widths: ModelChange.LayerWidths = .uniform
  ) throws {
    var files = try checkpoint.companions()
    var changed: [(key: String, value: JSONValue)] = []
    var names: [TensorName: TensorName] = [:]
    var baseModel: String?
    var note: String?
    if let place = files.firstIndex(where: { $0.name == Self.configuration }) {
      let path = "\(checkpoint.path): \(Self.configuration)"
      let change: ModelChange
      let sizes: ModelSizes
      do {
        let configuration = try ModelConfiguration(parsing: files[place].bytes, path: path)
        sizes = configuration.sizes
        baseModel = configuration.hubName
        let placements = try checkpoint.resolvedPlan().partition.tensors
        var cuts: [TensorName: [DimensionCut?]] = [:]
        for tensor in subNetwork.tensors { cuts[tensor.spec.name] = placements[tensor.number].cuts }
        let (whole, part) = (try checkpoint.base().tensors.map(\.spec), subNetwork.tensors.map(\.spec))
        change = try Self.change(
          from: whole, to: part, cuts, subNetwork.network, configuration, widths)
        note = Self.kernelNote(whole, part)
      } catch let error as PlanningError {
        throw TesseraError(.plan, "\(checkpoint.path): \(error)")
      } catch let error as JSONError { throw TesseraError(.format, "\(path): \(error)") }
      var edit = JSONEdit(files[place].bytes)
      names = change.names
      for change in change.keys {
        let anchor = sizes.path(change.anchor, in: change.object)
        let isThere = sizes.has(change.key, in: change.object)
        let own = isThere ? sizes.path(change.key, in: change.object) : anchor.dropLast() + [change.key]
        let value = try JSONEdit.text(change.value, depth: own.count)
        // A key that is null is replaced; one that is missing is inserted.
        guard edit.replace(own, with: value) || !isThere && edit.insert(change.key, value, after: anchor)
        else {
          throw TesseraError(
            .plan,
            "\(path): expected the key \(own.joined(separator: ".")), written without escapes, found none")
        }
        changed.append((change.key, change.value))
      }
      files[place] = CompanionFile(name: Self.configuration, bytes: edit.bytes)
    }
    changes = changed
    self.note = note
    self.names = names
    let original = files.first { $0.name == ModelCard.name }
    files.removeAll { $0.name == ModelCard.name }
    self.files = files
    if files.isEmpty { return }
    self.files.append(
      try ModelCard(
        subNetwork, of: checkpoint, changes: changeWords, baseModel: baseModel, original: original?.bytes
      ).file)
  }

  /// The change of config.json; throws if there is none that makes loaders build the sub-network.
  private static func change(
    from whole: [TensorSpec], to part: [TensorSpec], _ cuts: [TensorName: [DimensionCut?]],
    _ network: VirtualNetwork, _ configuration: ModelConfiguration, _ widths: ModelChange.LayerWidths
  ) throws(PlanningError) -> ModelChange {
    let sizes = configuration.sizes
    let change = try ModelChange(
      from: whole, to: part, cuts: cuts, isActive: network.contains, sizes: sizes, widths: widths)
    if !change.keys.isEmpty, let reason = configuration.reasonAgainstCuts { throw .notLoadable(reason) }
    if let twice = change.keys.first(where: { sizes.isTwice($0.key, in: $0.object) }) {
      throw .notLoadable(
        "\(twice.key) is in config.json twice, or under two names, and loaders read one of them")
    }
    return change
  }

  /// A warning about experts that PyTorch's grouped matrix product refuses: rows must have a multiple of 16 bytes.
  private static func kernelNote(_ whole: [TensorSpec], _ part: [TensorSpec]) -> String? {
    let shapes = Dictionary(whole.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for spec in part where spec.name.text.contains("experts") && spec.shape.count > 1 {
      guard let old = shapes[spec.name], old.count == spec.shape.count, let size = spec.dtype.bytes else {
        continue
      }
      let cut = spec.shape.indices.suffix(2).first {
        spec.shape[$0] != old[$0] && spec.shape[$0] * size % 16 != 0 && old[$0] * size % 16 == 0
      }
      if let cut {
        return "note: experts of width \(spec.shape[cut]) have rows of \(spec.shape[cut] * size) bytes in "
          + "\(spec.dtype.rawValue); PyTorch's grouped matrix product needs a multiple of 16, so transformers may need "
          + "experts_implementation=\"eager\""
      }
    }
    return nil
  }

  /// Sentences on the levels of a plan of which no folder can be extracted, with the reasons, and on those that need care.
  package static func refusals(
    of plan: ResolvedPlan, _ configuration: ModelConfiguration
  ) -> [String] {
    let whole = plan.partition.tensors.map(\.spec)
    var cuts: [TensorName: [DimensionCut?]] = [:]
    for tensor in plan.partition.tensors { cuts[tensor.spec.name] = tensor.cuts }
    let networks = plan.assignment.networks
    if networks.count * whole.count > checkLimit {
      return [
        "the plan has so many levels and tensors that it is not checked whether each can become a folder"
      ]
    }
    var reasons: [(reason: String, levels: [String])] = []
    var note: String?
    for network in networks {
      let part = plan.partition.tensors.compactMap { tensor in
        network.activeShape(of: tensor).flatMap {
          try? TensorSpec(name: tensor.spec.name, dtype: tensor.spec.dtype, shape: $0)
        }
      }
      let reason: String
      do throws(PlanningError) {
        _ = try change(from: whole, to: part, cuts, network, configuration, .uniform)
        note = note ?? kernelNote(whole, part)
        continue
      } catch {
        guard case .notLoadable(let other) = error else { continue }
        reason = other
      }
      let level = (plan.assignment.tasks.count > 1 ? "\(network.task.quoted) " : "") + network.levelText
      guard let place = reasons.firstIndex(where: { $0.reason == reason }) else {
        reasons.append((reason, [level]))
        continue
      }
      reasons[place].levels.append(level)
    }
    return reasons.map { reason, levels in
      let shown = levels.prefix(4).joined(separator: ", ")
      let rest = levels.count > 4 ? " and \(levels.count - 4) more" : ""
      return
        "extract will write no folder for level\(levels.count == 1 ? "" : "s") \(shown)\(rest): \(reason)"
    } + [note].compactMap(\.self)
  }

  /// The most tensors, times levels, of which it is said whether they can become folders.
  private static let checkLimit = 200_000

  /// Throws if the folder has files of another model, or of the user, that would be replaced.
  package func requireOwn(_ path: String) throws(TesseraError) {
    func bytes(_ name: String) -> [UInt8]? {
      guard let file = try? ReadableFile(path: path + "/" + name, isInput: false) else { return nil }
      return try? file.bytes(at: 0, count: min(file.size, 4096))
    }
    if let card = bytes(ModelCard.name), ModelCard.isOwn(card) { return }
    let weights = ["model.safetensors", "pytorch_model.bin"]
    guard
      let other = (files.map(\.name) + weights).first(where: { FileIdentity(path: path + "/" + $0) != nil })
    else { return }
    throw TesseraError(
      .request,
      "\(path): expected a new folder or one that was extracted before, found \(TensorName(other).quoted) of another origin"
    )
  }
}
