package import ByteFiles
internal import Conversion
internal import Planning
internal import StrictJSON
internal import TensorStreams
internal import Tensors
package import UnitCheckpoints
internal import UnitModel

/// The files that make a sub-network's weights a model's folder again: the original ones, with config.json changed.
package struct FolderExtraction {
  /// The files to write beside the weights.
  package let files: [CompanionFile]
  /// The changed keys of config.json, for the user: `intermediate_size 20`.
  package let changes: [String]

  /// Whether a config.json is written.
  package var hasConfiguration: Bool { files.contains { $0.name == Self.configuration } }

  private static let configuration = "config.json"

  /// Throws if config.json cannot describe the sub-network, so that no loader could build it.
  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) throws {
    var files = try checkpoint.companions()
    var words: [String] = []
    if let place = files.firstIndex(where: { $0.name == Self.configuration }) {
      let path = "\(checkpoint.path): \(Self.configuration)"
      let changes: [ConfigurationChange]
      let sizes: ModelSizes
      do {
        let configuration = try ModelConfiguration(parsing: files[place].bytes, path: path)
        sizes = configuration.sizes
        let placements = try checkpoint.resolvedPlan().partition.tensors
        var cuts: [TensorName: [DimensionCut?]] = [:]
        for tensor in subNetwork.tensors { cuts[tensor.spec.name] = placements[tensor.number].cuts }
        changes = try ConfigurationChange.of(
          checkpoint.base().tensors.map(\.spec), to: subNetwork.tensors.map(\.spec), cuts: cuts, sizes: sizes)
        if !changes.isEmpty, let reason = configuration.reasonAgainstCuts {
          throw PlanningError.notLoadable(reason)
        }
      } catch let error as PlanningError {
        throw TesseraError(.plan, "\(checkpoint.path): \(error)")
      } catch let error as JSONError { throw TesseraError(.format, "\(path): \(error)") }
      var edit = JSONEdit(files[place].bytes)
      for change in changes {
        let anchor = sizes.path(change.anchor, in: change.object)
        let own =
          sizes[change.key, in: change.object] == nil
          ? anchor.dropLast() + [change.key] : sizes.path(change.key, in: change.object)
        // A key that is null is replaced; one that is missing is inserted.
        guard
          edit.replace(own, with: "\(change.value)")
            || edit.insert(change.key, "\(change.value)", after: anchor)
        else {
          throw TesseraError(
            .plan,
            "\(path): expected the key \(own.joined(separator: ".")), written without escapes, found none")
        }
        words.append("\(change.key) \(change.value)")
      }
      files[place] = CompanionFile(name: Self.configuration, bytes: edit.bytes)
    }
    if !files.isEmpty {
      files.removeAll { $0.name == ModelCard.name }
      files.append(try ModelCard(subNetwork, of: checkpoint, changes: words).file)
    }
    self.files = files
    changes = words
  }

  /// Throws if the folder has files of another model, or of the user, that would be replaced.
  package func requireOwn(_ path: String) throws(TesseraError) {
    func bytes(_ name: String) -> [UInt8]? {
      guard let file = try? ReadableFile(path: path + "/" + name, isInput: false) else { return nil }
      return try? file.bytes(at: 0, count: min(file.size, 4096))
    }
    if let card = bytes(ModelCard.name), ModelCard.isOwn(card) { return }
    guard let other = files.first(where: { FileIdentity(path: path + "/" + $0.name) != nil }) else { return }
    throw TesseraError(
      .request,
      "\(path): expected a new folder or one that was extracted before, found \(TensorName(other.name).quoted) of another origin"
    )
  }
}
