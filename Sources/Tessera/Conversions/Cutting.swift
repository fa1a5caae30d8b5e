internal import ByteFiles
internal import Conversion
package import FlatFormats
package import SubNetworks
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
package import UnitModel

/// The conversion of flat weights to a unit checkpoint under a plan.
package struct Cutting {
  /// The plan as it holds for these weights.
  package let resolved: ResolvedPlan
  /// Whether the weights have a graph that the plan was held against.
  package let hasGraph: Bool
  /// Bytes of all tensors.
  package let byteCount: Int

  private let flat: any FlatWeightsSource
  private let contents: CheckpointContents
  private let network: NetworkModel?

  /// Holds the plan against the weights and, where there is one, their graph.
  ///
  /// - Parameter plan: with the path by which messages call it; nil for one unit that has everything.
  package init(
    _ flat: any FlatWeightsSource, of opened: OpenedFile, plan: (plan: Plan, path: String)?,
    _ options: ConversionOptions
  ) throws {
    self.flat = flat
    (contents, resolved) = try CheckpointContents.cutting(
      flat, plan: plan?.plan ?? .whole, planPath: plan?.path ?? opened.path,
      isCompressed: options.isCompressed, mayLose: options.mayLose)
    network = try plan == nil ? nil : opened.network
    hasGraph = network != nil
    byteCount = flat.tensors.reduce(0) { $0 + $1.spec.byteCount }
    try network?.check(resolved)
  }

  /// Runs the sub-networks of the plan beside the whole network. Nil where there is no graph.
  ///
  /// Throws where they would compute something else.
  package func proof() throws -> NetworkProof.Outcome? {
    try network.map { try NetworkProof($0, plan: resolved, threads: ThreadSupply.processorCount).run() }
  }

  /// Writes the checkpoint.
  ///
  /// - Parameter progress: called now and then with the bytes read so far; what it throws ends the conversion.
  package func write(to path: String, progress: (Int) throws -> Void) throws {
    try FlatToUnits(flat, contents: contents, destination: path).run(progress: progress)
  }
}
