internal import ByteFiles
internal import StrictJSON
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The README.md of an extracted model, which says what it was made from.
struct ModelCard {
  static let name = "README.md"

  private static let start = "---\ntags:\n- tessera\n---\n"

  /// Whether a README.md is one of these.
  static func isOwn(_ bytes: [UInt8]) -> Bool { bytes.starts(with: start.utf8) }

  private let text: String

  init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, changes: [String]) throws {
    let told =
      changes.isEmpty
      ? "config.json is unchanged."
      : "In config.json, these sizes are new: \(changes.joined(separator: ", "))."
    let network = subNetwork.network
    let level = network.levelName.map { "\(network.level.value) (\($0))" } ?? "\(network.level.value)"
    let units = network.orderedUnits().map { "\($0.index)" }.joined(separator: ", ")
    text = """
      \(Self.start)
      # One size of a larger model

      These are the weights that task \(network.task.quoted) uses at level \(level): units \
      \(units). `tessera extract` took them from a unit checkpoint. They were not trained after that. \
      \(told)

      | | |
      | --- | --- |
      | parameters | \(subNetwork.totals.parameters.grouped) |
      | digest of the whole model | `\(checkpoint.modelDigest)` |

      """
  }

  var file: CompanionFile { CompanionFile(name: Self.name, bytes: Array(text.utf8)) }
}
