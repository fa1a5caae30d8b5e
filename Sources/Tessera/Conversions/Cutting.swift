internal import ByteFiles
internal import Conversion
package import FlatFormats
internal import Planning
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
  /// Bytes of all tensors, or of those in the part.
  package let byteCount: Int
  /// The other files of the source's folder; nil if the source is not a folder.
  package let companions: FolderCompanions?

  /// Whether a known architecture explains every cut, by the folder's config.json.
  package var isExplained: Bool {
    guard let file = companions?.files.first(where: { $0.name == "config.json" }),
      let configuration = try? ModelConfiguration(parsing: file.bytes, path: file.name)
    else { return false }
    return configuration.levels(of: resolved).explainsCuts
  }

  /// Notes about the added inputs, or about the optimizer.
  package let notes: [String]

  private let source: any TensorSource
  /// The files of all inputs.
  private let files: FileStamps
  private let contents: CheckpointContents
  private let isPart: Bool
  private let network: NetworkModel?

  /// Checks the plan against the weights and against their graph, if there is one.
  ///
  /// - Parameters:
  ///   - plan: the plan, and its path for messages; with nil, everything is in one unit.
  ///   - adding: inputs that get a task each.
  ///   - trained: the weights with the state of their optimizer, which is cut with them.
  package init(
    _ flat: any FlatWeightsSource, of opened: OpenedFile, plan: (plan: Plan, path: String)?,
    _ options: ConversionOptions, adding: [Adding] = [], trained: Training? = nil
  ) throws {
    let added = adding.map(\.input)
    let sources = try SourceFiles(of: opened, added, trained)
    files = sources.stamps
    let joined = JoinedInputs(flat, added)
    source = trained?.weights ?? (added.isEmpty ? flat : joined)
    companions = try FlatFormats.companions(of: flat, openedAs: opened.folder ?? opened.path)
    let isInFolder = companions != nil && flat.kind == .safetensors && flat.verbatim != nil
    let planPath = plan?.path ?? opened.path
    let whole: Plan
    let lacking: [String]
    do {
      let known = plan?.plan ?? (added.isEmpty ? .whole : Plan(unitCount: 1))
      let full = try known.adding(added, to: flat)
      whole = try trained.map { try full.plan.adding($0.weights) } ?? full.plan
      lacking = full.lacking.map { task, tensor in
        "task '\(task)' has no tensor \(tensor.quoted), because it is tied to one that '\(task)' replaces"
      }
    } catch let error as PlanError { throw ConversionError.plan(path: planPath, error) }
    var cut = try CheckpointContents.cutting(
      flat, plan: whole, planPath: planPath,
      fileName: isInFolder ? SystemPath.bareName(of: flat.path) : nil, companions: companions?.files ?? [],
      adding: added, trained: trained?.weights, isCompressed: options.isCompressed, mayLose: options.mayLose)
    isPart = options.part != nil
    if let part = options.part {
      let fingerprint = try sources.fingerprint()
      byteCount = cut.contents.take(part: part.number, of: part.count, from: fingerprint)
    } else {
      byteCount = source.tensors.reduce(0) { $0 + $1.spec.byteCount }
    }
    (contents, resolved) = cut
    notes = lacking + (trained?.notes(in: cut.resolved.partition) ?? [])
    let own = try plan == nil && added.isEmpty ? nil : opened.network
    network = own.map { added.isEmpty ? $0 : NetworkModel($0, weights: joined) }
    hasGraph = network != nil
    try network?.check(resolved)
  }

  /// Runs the plan's sub-networks and compares them with the whole network. Returns nil if there is no graph.
  ///
  /// Throws if an output differs.
  package func proof() throws -> NetworkProof.Outcome? {
    try network.map { try NetworkProof($0, plan: resolved, threads: ThreadSupply.processorCount).run() }
  }

  /// The number of tensors that are written.
  package var tensorCount: Int { contents.specs.indices.count { contents.holds($0) } }

  /// Whether the file at `path` is already the part that would be written, and if not, why: the reason is nil if there
  /// is no file.
  ///
  /// The part's tensors are compared with those of the source, by their digests.
  ///
  /// - Parameter progress: receives the bytes read so far.
  package func existingPart(
    at path: String, progress: (Int) -> Void
  ) throws -> (isComplete: Bool, reason: String?) {
    guard isPart, FileIdentity(path: path) != nil else { return (false, nil) }
    switch CheckpointSet.existingPart(at: path, contents) {
    case .other(let reason): return (false, reason)
    case .complete(let found):
      let numbers = contents.specs.indices.filter { contents.holds($0) }
      var done = 0
      let results = ParallelScan.run(
        sizes: numbers.map { contents.specs[$0].byteCount },
        progress: {
          done += $0
          progress(done)
        }
      ) { [source] place, counter in
        Result { try source.digest(of: numbers[place]) { counter.add($0) } }
      }
      for (number, digest) in zip(numbers, results)
      where try digest.get() != found.index.tensors[number].digest {
        return (false, "has other bytes than the source in tensor \(contents.specs[number].name.quoted)")
      }
      return (true, nil)
    }
  }

  /// Writes the checkpoint, or the part of it. Throws if a file of the source is written to meanwhile.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the conversion.
  package func write(to path: String, progress: (Int) throws -> Void) throws {
    try FlatToUnits(source, contents: contents, destination: path, files: files).run(progress: progress)
  }
}
