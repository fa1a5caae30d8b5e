internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Glibc
internal import Inference
internal import Reporting
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove that a converted file has the same tensors and outputs as its source.",
    usage: "tessera verify <source> <converted> [<options>]",
    discussion: """
      Compare the SHA-256 of every tensor of SOURCE and CONVERTED. If there is a graph, also run every \
      (task, level) of the checkpoint, and compare its outputs with those of its masked network: the whole \
      network of SOURCE, with all weights and values outside the sub-network set to zero. The inputs are \
      random with a fixed seed, unless --input gives some.

      If `tessera convert --add` added inputs, give the same ones here.

      The exit code is 1 if a digest differs. It is also 1 if an output differs by more than TOLERANCE × \
      (its largest absolute value) + 1e-6.

      Example:
        tessera verify model.onnx model.h5
        tessera verify model.onnx model.h5 --input x.npz --layers --json
      """)

  @Argument(help: "The original: an ONNX model, or other flat weights.")
  var source: String

  @Argument(help: "The unit checkpoint, or a file converted back from one.")
  var converted: String

  @Option(help: "The inputs: an npz, or an npy for one input.")
  var input: String?

  @Option(help: "The allowed difference of an output, relative to its largest absolute value.")
  var tolerance = 1e-4

  @Flag(help: "Also compare every layer, and print the first one that differs.")
  var layers = false

  @Option(help: "Verify only this task.")
  var task: String?

  @Option(help: "Verify only this level of each task, by number or by name.")
  var level: String?

  @OptionGroup var add: AddOption

  @OptionGroup var computing: BackendOption

  @Flag(help: "Print JSON (schemas/verify.schema.json).")
  var json = false

  @OptionGroup var root: RootOption

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--tolerance: expected a number of at least 0, found \(tolerance)")
    }
  }

  func run() throws {
    let report = try verified()
    try json
      ? Output.standardOutput(json: report.json) : Output.standardOutput(report.text(width: Terminal.width))
    if !report.isClean { throw ExitCode(1) }
  }

  /// The networks that --task and --level select.
  private func networks(of assignment: Assignment) throws(TesseraError) -> [VirtualNetwork] {
    let wanted = task.map { TaskID($0) }
    let tasks = assignment.tasks.filter { wanted == nil || $0.task == wanted }
    do throws(PlanError) {
      if let wanted, tasks.isEmpty { throw PlanError.unknownTask(wanted, among: assignment.tasks) }
      var levels: [TaskID: LevelNumber?] = [:]
      for task in tasks { levels[task.task] = level.map { task.level($0) } ?? .some(nil) }
      let networks = assignment.networks.filter { network in
        guard let chosen = levels[network.task] else { return false }
        return level == nil || chosen == network.level
      }
      if let level, networks.isEmpty, let first = tasks.max(by: { $0.levels.count < $1.levels.count }) {
        _ = try first.knownLevel(level)
      }
      return networks
    } catch { throw TesseraError(sentence: "\(converted): \(error)") }
  }

  /// CONVERTED without the state of an optimizer, if SOURCE is read without it: both have it or neither.
  private static func comparable(_ other: any TensorSource, with one: any TensorSource) -> any TensorSource {
    let (weights, left) = other.withoutOptimizer
    guard left > 0, one.withoutOptimizer.left == 0 else { return other }
    Output.standardError("note: the state of an optimizer, \(left) tensors, is not compared\n")
    return weights
  }

  private func verified() throws -> VerificationReport {
    let (one, other) = (
      try root.applied(to: OpenedFile(source, reading.choices)), try OpenedFile(converted)
    )
    var report = VerificationReport(source: source, converted: converted, tolerance: tolerance)
    let added = try add.open(beside: try one.source, reading.choices)
    let trained = try other.checkpoint.flatMap { try Training.again(one, storedIn: $0) }
    let whole =
      try trained?.training.source ?? (added.isEmpty ? one.source : Adding.joined(one.source, added))
    let found = trained == nil ? Self.comparable(try other.source, with: whole) : try other.source
    let comparison = try DigestComparison(whole, found)
    report.mismatches = comparison.mismatches
    if trained?.hasSameSettings == false { report.mismatches.append("optimizer.param_groups") }
    report.tensors = comparison.count
    Output.standardError(LeftOutList(whole).text(width: nil))
    guard let checkpoint = try other.checkpoint, let stored = try other.network else {
      guard task == nil, level == nil, input == nil, !layers else {
        throw TesseraError(
          sentence:
            "\(converted): expected a unit checkpoint with a graph for --task, --level, --input and --layers, found none"
        )
      }
      if other.flatKind == .onnx {
        // Equal tensors do not prove that the graphs are equal.
        guard one.flatKind == .onnx, try one.hasSameBytes(as: other) else {
          throw TesseraError(
            sentence:
              "\(converted): expected a unit checkpoint, whose sub-networks are run, found an ONNX model with another graph; 'tessera diff' compares tensors, 'tessera run' computes"
          )
        }
        report.isSameModel = true
      }
      return report
    }
    report.hasGraph = true
    // If one file lacks a tensor, there are no values to compare.
    if comparison.mismatches.contains(where: comparison.isMissing) { return report }
    let plan = try checkpoint.resolvedPlan()
    try stored.bound(plan)
    let own = try one.checkpoint == nil ? one.network : nil
    let original =
      own.map { added.isEmpty ? $0 : NetworkModel($0, weights: whole) }
      ?? NetworkModel(stored, weights: whole)
    var verification = NetworkVerification(
      original: original, stored: stored, checkpoint: checkpoint, plan: plan,
      sameTensors: comparison.mismatches.isEmpty)
    verification.tolerance = tolerance
    verification.backend = computing.kind
    verification.threads = ThreadSupply.processorCount
    verification.comparesLayers = layers
    verification.inputs = try input.map {
      FileInputs(try OpenedFile($0, reading.choices).source)
    }
    let networks = try networks(of: plan.assignment)
    var bar = ProgressBar("running", total: networks.count, unit: .things("sub-networks"))
    defer { bar.finish() }
    let rows = try verification.rows(networks) { bar.update($0 + 1) }
    for (network, row) in zip(networks, rows) {
      report.networks.append(
        VerificationReport.Network(
          task: row.task.text, level: row.level.value, levelName: network.levelName, maxAbs: row.maxAbs,
          maxRelative: row.maxRelative,
          isWithin: row.isWithin,
          layers: layers
            ? row.layers.map {
              VerificationReport.Layer(
                name: $0.name, operation: $0.operation, maxAbs: $0.maxAbs, maxRelative: $0.maxRelative,
                isWithin: $0.isWithin)
            } : nil))
    }
    return report
  }
}

/// The digests of two files' tensors.
private struct DigestComparison {
  private(set) var mismatches: [String] = []
  /// The number of different tensor names in the two files together.
  let count: Int
  private var missing: Set<String> = []

  /// Whether one of the files lacks a tensor of this name.
  func isMissing(_ name: String) -> Bool { missing.contains(name) }

  init(_ one: any TensorSource, _ other: any TensorSource) throws {
    let sources = [one, other]
    var bar = ProgressBar(
      "hashing", total: sources.reduce(0) { $1.tensors.reduce($0) { $0 + $1.spec.byteCount } })
    defer { bar.finish() }
    var done = 0
    let digests = try sources.map { source in
      try Self.digests(source) {
        done += $0
        bar.update(done)
      }
    }
    let (a, b) = (digests[0], digests[1])
    let names = Set(a.keys).union(b.keys)
    for name in names.sorted() where a[name] != b[name] {
      mismatches.append(name.text)
      if a[name] == nil || b[name] == nil { missing.insert(name.text) }
    }
    count = names.count
  }

  private static func digests(
    _ source: any TensorSource, progress: (Int) -> Void
  ) throws -> [TensorName: SHA256Digest] {
    var digests: [TensorName: SHA256Digest] = [:]
    // A checkpoint's pages are checked when they are read; the stored digest is that of the converted tensor.
    for (index, tensor) in source.tensors.enumerated() {
      digests[tensor.spec.name] = try source.digest(of: index, progress: progress)
    }
    return digests
  }
}
