package import ByteFiles
internal import Conversion
package import Planning
package import StrictJSON
internal import TensorStreams
package import Tensors
package import UnitCheckpoints
internal import UnitModel

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
        !files.contains(where: { SystemPath.rest(of: $0.name, after: path + "/") != nil })
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
        change = try ModelChange(
          loadableFrom: whole, to: part, cuts: cuts, isActive: subNetwork.network.contains,
          configuration.document, reasonAgainstCuts: configuration.reasonAgainstCuts, widths: widths)
        note = change.note
      } catch let error as PlanningError {
        throw TesseraError(.plan, "\(checkpoint.path): \(error)")
      } catch let error as JSONError { throw TesseraError(.format, "\(path): \(error)") }
      var edit = JSONEdit(files[place].bytes)
      names = change.names
      for key in change.keys {
        let anchor = sizes.path(key.anchor, in: key.object)
        let isThere = sizes.has(key.key, in: key.object)
        let own = change.path(of: key, sizes)
        let value = try JSONEdit.text(key.value, depth: own.count)
        // A key that is null is replaced; one that is missing is inserted.
        guard edit.replace(own, with: value) || !isThere && edit.insert(key.key, value, after: anchor)
        else {
          throw TesseraError(
            .plan,
            "\(path): expected the key \(own.joined(separator: ".")), written without escapes, found none")
        }
        changed.append((key.key, key.value))
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
