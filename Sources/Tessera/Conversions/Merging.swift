internal import ByteFiles
internal import Conversion
internal import TensorStreams
internal import Tensors
package import UnitCheckpoints
internal import UnitModel

/// The parts of a set of checkpoints, and the list or the single file that is made of them.
package struct Merging {
  /// The set as one checkpoint.
  package let checkpoint: UnitCheckpoint
  /// Bytes of all tensors.
  package var byteCount: Int { checkpoint.tensors.reduce(0) { $0 + $1.spec.byteCount } }

  private let names: CheckpointSetNames

  /// Opens the parts in the folder of `names`. Throws if one is missing, or does not fit the others.
  package init(_ names: CheckpointSetNames) throws {
    self.names = names
    checkpoint = try CheckpointSet.open(partsOf: names)
    // What every command would refuse is reported now.
    _ = try checkpoint.resolvedPlan()
    _ = try checkpoint.sourceRecord()
  }

  /// Writes the list of the parts, which commands read as one checkpoint. No tensor is read.
  package func writeList() throws {
    let file = try AtomicFile(path: names.list)
    try file.write(Array(CheckpointSet.list(of: checkpoint).utf8), at: 0)
    try file.commit()
  }

  /// Writes one file, which has the same bytes as that of a conversion without parts.
  ///
  /// - Parameters:
  ///   - isCompressed: whether tensors are compressed.
  ///   - progress: receives the bytes read so far; an error that it throws ends the work.
  package func writeFile(isCompressed: Bool, progress: (Int) throws -> Void) throws {
    let contents = try CheckpointContents(of: checkpoint, isCompressed: isCompressed)
    try FlatToUnits(
      checkpoint, contents: contents, destination: names.path, files: FileStamps(checkpoint.paths)
    )
    .run(progress: progress)
  }
}
