@testable import UnitCheckpoints

/// A checkpoint with one defect.
struct ForgedCheckpoint: CustomStringConvertible, Sendable {
  let defect: CheckpointDefect
  let label: String
  let golden: GoldenCheckpoint
  /// Whether the seal is corrected to fit the changed file.
  let isSealed: Bool
  /// Whether the file's length is changed, so that datasets are found by their paths.
  let isMoved: Bool
  let forge: @Sendable (inout CheckpointForger) throws -> Void

  var description: String { "\(defect.rawValue): \(label)" }

  init(
    _ defect: CheckpointDefect, _ label: String, _ golden: GoldenCheckpoint = .grid, sealed: Bool = true,
    moved: Bool = false, _ forge: @escaping @Sendable (inout CheckpointForger) throws -> Void
  ) {
    self.defect = defect
    self.label = label
    self.golden = golden
    isSealed = sealed
    isMoved = moved
    self.forge = forge
  }

  func bytes() throws -> [UInt8] {
    var forger = try CheckpointForger(path: golden.path)
    try forge(&forger)
    let extra: [UInt8] = isMoved ? [0] : []
    return isSealed ? try forger.sealed(extra: extra) : try forger.unsealed() + extra
  }

  static let all = metadata + rows + names + cuts + networks + tensors + owners + sections + stored
}
