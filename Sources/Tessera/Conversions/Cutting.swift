internal import ByteFiles
internal import Conversion
package import FlatFormats
package import SubNetworks
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
package import UnitModel

/// The conversion of flat weights and a plan to a unit checkpoint.
package struct Cutting {
  /// The plan, resolved for these weights.
  package let resolved: ResolvedPlan
  /// Whether the plan was checked against a graph.
  package let hasGraph: Bool
  /// Bytes of all tensors.
  package let byteCount: Int
  /// The other files of the source's folder; nil if the source is no folder.
  package let companions: FolderCompanions?

  private let flat: any FlatWeightsSource
  private let contents: CheckpointContents
  private let network: NetworkModel?

  /// Checks the plan against the weights and against their graph, if there is one.
  ///
  /// - Parameter plan: the plan, and its path for messages; with nil, everything is in one unit.
  package init(
    _ flat: any FlatWeightsSource, of opened: OpenedFile, plan: (plan: Plan, path: String)?,
    _ options: ConversionOptions
  ) throws {
    self.flat = flat
    companions = try FlatFormats.companions(of: flat, openedAs: opened.folder ?? opened.path)
    let isInFolder = companions != nil && flat.kind == .safetensors
    (contents, resolved) = try CheckpointContents.cutting(
      flat, plan: plan?.plan ?? .whole, planPath: plan?.path ?? opened.path,
      fileName: isInFolder ? DocumentFile.bareName(of: flat.path) : nil, companions: companions?.files ?? [],
      isCompressed: options.isCompressed, mayLose: options.mayLose)
    network = try plan == nil ? nil : opened.network
    hasGraph = network != nil
    byteCount = flat.tensors.reduce(0) { $0 + $1.spec.byteCount }
    try network?.check(resolved)
  }

  /// Runs the plan's sub-networks and compares them with the whole network. Returns nil if there is no graph.
  ///
  /// Throws if an output differs.
  package func proof() throws -> NetworkProof.Outcome? {
    try network.map { try NetworkProof($0, plan: resolved, threads: ThreadSupply.processorCount).run() }
  }

  /// Writes the checkpoint.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the conversion.
  package func write(to path: String, progress: (Int) throws -> Void) throws {
    try FlatToUnits(flat, contents: contents, destination: path).run(progress: progress)
  }
}
