internal import FlatFormats
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The settings of a conversion.
public struct ConversionSettings: Sendable {
  /// Whether the tensors of a unit checkpoint are compressed.
  public var compresses = false
  /// If there is a graph, whether to check that sub-networks compute the same as the whole network.
  public var proves = true
  /// The most bytes in a safetensors shard; must be at least 1. With nil, a set keeps its shards, and a new set has
  /// shards of at most 5 GB.
  public var shardSize: Int?
  /// Whether dtypes that NumPy lacks (BF16, FP8, …) are written to npz and npy as raw bytes.
  public var writesOpaque = false
  /// Patterns of names, in which `*` matches anything. An unreadable part whose name matches is left out; without a
  /// match, the conversion fails if the part may belong to the model. Readable tensors are never left out.
  public var leavingOut: [String] = []
  /// Weights that are added to a unit checkpoint: LoRA adapters (PEFT folders), heads or whole models. Each becomes a task
  /// of this name; its tensors get the name and a `/` as their prefix.
  public var adding: [(task: String, path: String)] = []

  /// Whether flat weights take the state of their optimizer along, cut like its parameters; not together with `adding`.
  public var keepsOptimizer = false
  /// The names of the parameters in the order in which the optimizer got them, if it has numbers instead of names.
  public var parameterOrder: [String]?

  /// Uncompressed, proved, with unchanged shards, and nothing left out.
  public init() {}
}

/// The result of a conversion: what was proved, and the warnings.
public struct ConversionResult: Sendable {
  /// The number of sub-networks that were run and found equal to the whole network with the other channels zero. It is
  /// nil if there was nothing to run, or if `proves` was off.
  public let provedNetworks: Int?
  /// The reason why the sub-networks were not run, or were run only up to some node; nil if the whole graph was run, or
  /// if there was nothing to run.
  public let notProvedReason: String?
  /// Warnings about half cuts (tensors left whole although others with the same channels are cut), and notes about the
  /// plan.
  public let warnings: [String]
}

extension WeightsFile {
  /// Writes the tensors to another file; the ending of its name sets the format.
  ///
  /// Flat weights become a unit checkpoint (`.h5`), cut by the plan, or another flat format. A unit checkpoint becomes
  /// flat weights again, bit for bit. Inputs that `tessera convert --add` added are not written. The file appears whole
  /// or not at all, and replaces a file of the same name.
  ///
  /// ```swift
  /// let plan = try UnitPlan.proposed(for: file, unitCount: 4)
  /// try await file.convert(to: "model.h5", plan: plan)
  /// ```
  ///
  /// - Parameters:
  ///   - path: the file to write, or the folder for a set of shards.
  ///   - plan: the plan of a unit checkpoint; with nil, everything is in one unit.
  ///   - settings: compression, proof, and the size of shards.
  ///   - progress: receives progress reports.
  /// - Throws: `TesseraError`, or `CancellationError` if the task is cancelled; no partial file remains.
  @discardableResult
  public func convert(
    to path: String, plan: UnitPlan? = nil, settings: ConversionSettings = ConversionSettings(),
    progress: @escaping ProgressHandler = { _ in }
  ) async throws -> ConversionResult {
    try await LongWork.perform { check in
      guard let target = ConversionTarget(path: path) else {
        throw TesseraError(
          .request,
          "\(path): expected a name that ends in .h5, \(FlatFormats.endings(for: .conversion)), found another ending"
        )
      }
      try LongWork.requireApart(path, from: files + settings.adding.map(\.path))
      let options = try settings.options(for: target, at: path)
      func reporting(_ total: Int) -> (Int) throws -> Void {
        {
          try check()
          progress(WorkProgress(completed: $0, total: total))
        }
      }
      switch (try opened.contents, target) {
      case (.flat(let flat), .checkpoint):
        let added = try settings.adding.map { try Adding($0.task, at: $0.path, to: flat) }
        let cutting = try Cutting(
          flat, of: opened, plan: plan.map { ($0.plan, $0.path) }, options, adding: added,
          trained: try settings.training(flat, of: opened))
        let proof = settings.proves ? try cutting.proof() : nil
        try check()
        try cutting.write(to: path, progress: reporting(cutting.byteCount))
        return ConversionResult(cutting, proof)
      case (.checkpoint(let checkpoint), .checkpoint) where plan == nil && settings.adding.isEmpty:
        guard let kind = try checkpoint.hdf5Kind else { throw Self.cannotCut(self.path) }
        let joining = try Joining(checkpoint, as: kind, at: path, options)
        try joining.write(progress: reporting(joining.byteCount))
      case (_, .checkpoint): throw Self.cannotCut(self.path)
      case (_, _) where plan != nil:
        throw TesseraError(
          .request, "\(path): expected a unit checkpoint (.h5) for the plan, found another ending")
      case (.flat(let flat), .flat(let kind)):
        let trained = try settings.training(flat, of: opened)
        let rewriting = try Rewriting(flat, of: opened, as: kind, at: path, options, trained: trained)
        try rewriting.write(progress: reporting(rewriting.byteCount))
        let settings = trained?.settings(leftOutBy: kind).map { "left out: '\($0.name)': \($0.why)" }
        return ConversionResult(
          provedNetworks: nil, notProvedReason: nil,
          warnings: (trained?.notes ?? []) + [settings].compactMap(\.self))
      case (.checkpoint(let checkpoint), .flat(let kind)):
        let joining = try Joining(checkpoint, as: kind, at: path, options)
        try joining.write(progress: reporting(joining.byteCount))
      }
      return ConversionResult(provedNetworks: nil, notProvedReason: nil, warnings: [])
    }
  }

  private static func cannotCut(_ path: String) -> TesseraError {
    TesseraError(
      .request, "\(path): expected flat weights to cut, found a unit checkpoint; convert it back first")
  }

  /// The paths of all files from which the tensors are read.
  var files: [String] {
    switch try? opened.contents {
    case .flat(let flat)?: return flat.files
    case .checkpoint(let checkpoint)?: return checkpoint.paths
    case nil: return [path]
    }
  }
}

extension ConversionResult {
  fileprivate init(_ cutting: Cutting, _ proof: NetworkProof.Outcome?) {
    var (networks, reason): (Int?, String?)
    switch proof {
    case .proved(let count, _, let end):
      networks = count
      reason = end.map { "proved up to \($0), which this version does not compute" }
    case .skipped(let why): reason = why
    case nil: break
    }
    let resolved = cutting.resolved
    let halfCuts = cutting.hasGraph || cutting.isExplained ? [] : resolved.halfCuts
    self.init(
      provedNetworks: networks, notProvedReason: reason,
      warnings: cutting.notes + halfCuts.map { "half cut: \($0.sentence(.planAgain))" }
        + resolved.notes.map { "\($0)" })
  }
}

extension ConversionSettings {
  /// The weights with their optimizer; nil if it is not kept.
  fileprivate func training(_ flat: any FlatWeightsSource, of opened: OpenedFile) throws -> Training? {
    guard keepsOptimizer else { return nil }
    return try Training(flat, of: opened, order: parameterOrder?.map { TensorName($0) })
  }

  /// The options; refuses settings that the destination does not have.
  fileprivate func options(for target: ConversionTarget, at path: String) throws -> ConversionOptions {
    func refusal(_ setting: String, _ expected: String) -> TesseraError {
      TesseraError(.request, "\(path): \(setting): expected \(expected)")
    }
    if compresses, case .flat = target { throw refusal("compresses", "a unit checkpoint (.h5)") }
    if !adding.isEmpty, case .flat = target { throw refusal("adding", "a unit checkpoint (.h5)") }
    if keepsOptimizer, !adding.isEmpty { throw refusal("keepsOptimizer", "one model, with nothing added") }
    if keepsOptimizer, target == .flat(.shardedSafetensors) {
      throw refusal("keepsOptimizer", "a file; a folder holds weights alone")
    }
    var names: Set<String> = []
    for (task, _) in adding {
      guard SourceRecord.isValidName(task) else {
        throw refusal("adding", "\(SourceRecord.expectedName), found '\(task)'")
      }
      guard names.insert(task).inserted else {
        throw refusal("adding", "each task once, found '\(task)' twice")
      }
    }
    if let shardSize {
      guard target == .flat(.shardedSafetensors) else {
        throw refusal("shardSize", "a folder for a set of shards")
      }
      guard shardSize > 0 else { throw refusal("shardSize", "at least 1 byte, found \(shardSize)") }
    }
    let patterns = try leavingOut.map { text in
      guard let pattern = NamePattern(text) else {
        throw refusal("leavingOut", "a pattern with at most 16 wildcards, found '\(text)'")
      }
      return pattern
    }
    var options = ConversionOptions()
    options.isCompressed = compresses
    options.shardSize = shardSize
    options.isOpaque = writesOpaque
    options.mayLose = { item in patterns.contains { $0.match(item.name) != nil } }
    return options
  }
}
