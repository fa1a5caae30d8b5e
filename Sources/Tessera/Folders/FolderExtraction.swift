package import ByteFiles
internal import Planning
internal import StrictJSON
internal import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// The files that make a sub-network's weights a model's folder again: the original ones, with config.json changed.
package struct FolderExtraction {
  /// The files to write beside the weights.
  package let files: [CompanionFile]
  /// The changed keys of config.json, for the user: `intermediate_size 20`.
  package let changes: [String]

  private static let configuration = "config.json"

  /// Throws if config.json cannot describe the sub-network, so that no loader could build it.
  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) throws {
    var files = try checkpoint.companions()
    var words: [String] = []
    if let place = files.firstIndex(where: { $0.name == Self.configuration }) {
      let sizes = try ModelConfiguration(
        parsing: files[place].bytes, path: "\(checkpoint.path): \(Self.configuration)"
      ).sizes
      let changes: [ConfigurationChange]
      do throws(PlanningError) {
        changes = try ConfigurationChange.of(
          checkpoint.tensors.map(\.spec), to: subNetwork.tensors.map(\.spec), sizes: sizes)
      } catch { throw TesseraError(.plan, "\(checkpoint.path): \(error)") }
      var edit = JSONEdit(files[place].bytes)
      for change in changes {
        let path = sizes.path(change.anchor ?? change.key, in: change.object)
        let isDone =
          change.anchor == nil
          ? edit.replace(path, with: "\(change.value)")
          : edit.insert(change.key, "\(change.value)", after: path)
        // Each of these keys was read from the document.
        guard isDone else {
          throw TesseraError(
            .plan,
            "\(checkpoint.path): \(Self.configuration): expected the key \(path.joined(separator: ".")), found none"
          )
        }
        words.append("\(change.key) \(change.value)")
      }
      files[place] = CompanionFile(name: Self.configuration, bytes: edit.bytes)
    }
    if !files.isEmpty {
      files.removeAll { $0.name == ModelCard.name }
      files.append(try ModelCard(subNetwork, of: checkpoint).file)
    }
    self.files = files
    changes = words
  }
}
