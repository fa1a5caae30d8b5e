internal import ByteFiles
internal import StrictJSON
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The README.md of an extracted model, which says what it was made from.
struct ModelCard {
  static let name = "README.md"

  private static let start = "---\ntags:\n- tessera\n"

  /// Whether a README.md is one of these.
  static func isOwn(_ bytes: [UInt8]) -> Bool { bytes.starts(with: start.utf8) }

  private let text: String

  /// - Parameters:
  ///   - changes: the changed keys of config.json, with their values.
  ///   - baseModel: the name of the whole model on Hugging Face, if config.json gives it.
  ///   - original: the whole model's README.md, whose license the new one repeats.
  init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, changes: [String], baseModel: String?,
    original: [UInt8]?
  ) throws {
    let reported =
      changes.isEmpty
      ? "config.json is unchanged."
      : "In config.json, these values are new: \(changes.joined(separator: ", "))."
    let network = subNetwork.network
    let level = network.levelName.map { "\(network.level.value) (\($0))" } ?? "\(network.level.value)"
    let units = network.orderedUnits().map { "\($0.index)" }.joined(separator: ", ")
    let metadata = (baseModel.map { ["base_model: \($0)"] } ?? []) + Self.license(original ?? [])
    text = """
      \(Self.start)\(metadata.map { "\($0)\n" }.joined())---

      # One size of a larger model

      These are the weights that task \(network.task.quoted) uses at level \(level): units \
      \(units). `tessera extract` took them from a unit checkpoint. They were not trained after that. \
      \(reported)

      | | |
      | --- | --- |
      | parameters | \(subNetwork.totals.parameters.grouped) |
      | digest of the whole model | `\(checkpoint.modelDigest)` |
      | digest of the plan | `\(SHA256Digest.of(checkpoint.planText))` |

      """
  }

  var file: CompanionFile { CompanionFile(name: Self.name, bytes: Array(text.utf8)) }

  /// The lines about the license in a README.md's metadata.
  private static func license(_ readme: [UInt8]) -> [String] {
    let lines = String(decoding: readme.prefix(1 << 16), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else { return [] }
    return lines[1..<end].filter { line in
      ["license: ", "license_name: ", "license_link: "].contains { line.hasPrefix($0) }
        && line.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
    }.map(String.init)
  }
}
