internal import ByteFiles
internal import Conversion
internal import SubNetworks
internal import TensorStreams
internal import Tensors
package import UnitCheckpoints
package import UnitModel

/// A checkpoint whose tasks get other orders of units. The tensors and their sections stay as they are.
package struct Reassigning {
  /// Bytes of all tensors.
  package var byteCount: Int { checkpoint.tensors.reduce(0) { $0 + $1.spec.byteCount } }
  /// The plan with the new orders.
  package let resolved: ResolvedPlan

  private let checkpoint: UnitCheckpoint
  private let files: FileStamps
  private let contents: CheckpointContents

  /// Checks the orders. Throws if a compact tensor would get other channels than it has values for, or if the graph does
  /// not allow an order.
  package init(
    _ opened: OpenedFile, _ checkpoint: UnitCheckpoint, _ orders: [UnitOrder], _ provenance: Provenance
  ) throws {
    self.checkpoint = checkpoint
    files = FileStamps(checkpoint.paths)
    let old = try checkpoint.resolvedPlan()
    let plan = try checkpoint.parsedPlan()
    let text: [UInt8]
    do throws(PlanError) {
      let changed = try plan.reassigned(orders, provenance)
      text = Array(try changed.text().utf8)
      resolved = try changed.resolve(against: checkpoint.tensors.map(\.spec), ties: checkpoint.ties)
      try old.requireSameChannels(in: resolved)
    } catch { throw TesseraError(.plan, "\(checkpoint.path): \(error)") }
    contents = try CheckpointContents(
      of: checkpoint, plan: (resolved, text), isCompressed: checkpoint.hasChunks)
    try opened.network?.check(resolved)
  }

  /// Writes the checkpoint.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the work.
  package func write(to path: String, progress: (Int) throws -> Void) throws {
    try FlatToUnits(checkpoint, contents: contents, destination: path, files: files).run(progress: progress)
  }
}
