internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Glibc
internal import Inference
internal import ONNXGraph
internal import Reporting
internal import SubNetworks
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a network on given inputs.",
    discussion: """
      Run MODEL, an ONNX file of operator set 6 or later, as the ONNX specification defines. The inputs \
      are arrays of an npz, each under the name of its input. If the model has one input, the array may \
      have any name, and an .npy is accepted too. Each output is written under its name.

      By default, a run may use 4 GiB of memory for tensors and 4,000,000,000,000 steps (such as \
      multiply-adds). --memory-limit and --step-limit change these limits. A run stops before work that \
      would exceed a limit.

      With --batch N, the first axis of all inputs counts samples. At most N are run at a time, and the outputs \
      are joined along their first axis. If N divides the samples, the last N are run as N − 1 and 1: this \
      shows whether the outputs follow the batch. Inputs are read and outputs are written run by run. Outputs that hold \
      numbers of samples or places in the batch (NonZero, the indices of MaxPool) count from the start of \
      each run.

      If MODEL is a unit checkpoint that was converted from ONNX, run one (task, level), and read only its \
      weights. --budget selects the level. Multiply-adds (1.5GMAC) are counted for the shapes of the inputs. \
      With --measure, a budget is the median time of a run (3ms): the levels are timed on seeded random \
      inputs, from the highest down, until one fits. --repeat is then also the number of these runs; the \
      default is 5.

      Example:
        tessera run model.onnx --input x.npz --output y.npz
        tessera run model.h5 --task fine --level 2 --input x.npz --output y.npz
        tessera run model.h5 --budget 3ms --measure --threads 1 --input x.npz --output y.npz
        tessera run m.onnx --input x.npy --output y.npy --repeat 20 --profile
        tessera run m.onnx --input many.npy --output y.npy --batch 32
      """)

  @Argument(help: "The ONNX model, or a unit checkpoint with a graph.")
  var model: String

  @Option(help: "For a checkpoint: the task. Required if there are several.")
  var task: String?

  @Option(help: "For a checkpoint: the level, by number (from 1) or by name.")
  var level: String?

  @OptionGroup var limit: BudgetOption

  @Option(help: "The counting policy for --budget: a name, or the path of a file.")
  var policy: String?

  @Flag(help: "For a --budget in milliseconds: time runs of the levels.")
  var measure = false

  @Option(help: "The inputs: an npz, an npy for one input, or another file of flat weights.")
  var input: String?

  @Option(help: "The output file: \(FlatFormats.endings(for: .outputs)); .npy holds one output.")
  var output: String

  @OptionGroup var computing: BackendOption

  @Option(help: "Use at most this many threads. Default: one for each processor.")
  var threads: Int?

  @Option(help: "Time this many runs, after one warm-up run.")
  var `repeat`: Int?

  @Option(
    help: ArgumentHelp(
      "Run this many samples at a time: indices of the first axis of all inputs.", valueName: "samples"))
  var batch: Int?

  @Flag(help: "Print the parameters, the multiply-adds for these inputs, and the time of each node.")
  var profile = false

  @OptionGroup var limiting: LimitOptions

  @Flag(help: "Print JSON (schemas/run.schema.json).")
  var json = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    for (option, value) in [("--threads", threads), ("--repeat", `repeat`), ("--batch", batch)] {
      if let value, value < 1 { throw ValidationError("\(option): expected 1 or more, found \(value)") }
    }
    if batch != nil, `repeat` != nil { throw ValidationError("expected either --batch or --repeat") }
    if batch != nil, input == nil { throw ValidationError("expected --input with --batch, found none") }
    try limit.check(level: level, isMeasuring: measure)
    try limit.check(policy: policy, isMeasuring: measure)
    guard FlatFormats.kind(forName: output, use: .outputs) != nil else {
      throw ValidationError(
        "--output '\(output)': expected a name that ends in \(FlatFormats.endings(for: .outputs))")
    }
    try DeclaredFiles.require(
      ("--output", output), apartFrom: ["MODEL": model, "--input": input, "--policy": policy])
  }

  func run() throws {
    let threads = threads ?? ThreadSupply.processorCount
    let prepared = try prepared(threads: threads)
    let session = prepared.session
    let layers = profile ? Profile() : nil
    let done = try batch.map { try batches(of: $0, prepared, layers) } ?? repeated(prepared, layers)
    let bytes =
      prepared.checkpoint.map { (weights: $0.byteCountsRead.data, rest: $0.byteCountsRead.index) }
      ?? session.bytesRead
    let report = RunReport(
      file: model, destination: output, backend: computing.backend, threads: threads,
      outputs: done.outputs, bytesRead: ByteCount(bytes.weights), indexBytes: ByteCount(bytes.rest),
      latency: Latency(done.times),
      batch: batch.flatMap { size in done.samples.map { RunReport.Batch(size: size, samples: $0) } },
      layers: layers?.all.map {
        RunReport.Layer(
          node: $0.node, operation: $0.operation, shape: $0.shape, calls: $0.calls, seconds: $0.seconds,
          multiplyAdds: $0.lastMultiplyAdds, parameters: ParameterCount($0.parameters))
      }, budget: prepared.budgeted.map(BudgetReport.init))
    try json
      ? Output.standardOutput(json: report.json) : Output.standardOutput(report.text(width: Terminal.width))
  }

  /// What the runs gave: the outputs that were written, the times that count, and the samples of batches.
  private typealias Done = (outputs: [RunReport.Output], times: [Duration], samples: Int?)

  /// Runs on the whole inputs; if more runs follow, the first one is not timed.
  private func repeated(_ prepared: Prepared, _ layers: Profile?) throws -> Done {
    let clock = ContinuousClock()
    let (session, inputs) = (prepared.session, prepared.inputs)
    var outputs: [(name: String, tensor: Inference.Tensor)] = []
    let first = try clock.measure {
      outputs = try session.run(inputs, profile: `repeat` == nil ? layers : nil)
    }
    var times = `repeat` == nil ? [first] : []
    var bar = ProgressBar("running", total: `repeat` ?? 0, unit: .things("runs"))
    defer { bar.finish() }
    for number in 0..<(`repeat` ?? 0) {
      times.append(try clock.measure { outputs = try session.run(inputs, profile: layers) })
      bar.update(number + 1)
    }
    bar.finish()
    try RunOutputs(outputs, of: model).write(to: output)
    return (outputs.map { Self.reported($0.name, $0.tensor, $0.tensor.shape) }, times, nil)
  }

  /// Runs on some samples at a time.
  private func batches(of size: Int, _ prepared: Prepared, _ layers: Profile?) throws -> Done {
    let session = prepared.session
    guard let batches = try givenInputs?.batches(of: size, for: session, model: prepared.model) else {
      throw ValidationError("expected --input with --batch, found none")
    }
    let isFixed = !Self.fixedExtents(of: session.inputs).isEmpty
    let joined = JoinedOutputs(
      of: model, to: output, samples: batches.samples,
      fixed: isFixed ? [:] : Self.fixedExtents(of: session.outputs))
    let clock = ContinuousClock()
    var times: [Duration] = []
    var reported: [RunReport.Output] = []
    var bar = ProgressBar("running", total: batches.samples, unit: .things("samples"))
    defer { bar.finish() }
    while let (inputs, samples) = try batches.next() {
      var outputs: [(name: String, tensor: Inference.Tensor)] = []
      times.append(try clock.measure { outputs = try session.run(inputs, profile: layers) })
      try joined.append(outputs, samples: samples)
      reported = zip(outputs, joined.shapes).map { Self.reported($0.name, $0.tensor, $1) }
      bar.update(batches.done)
    }
    bar.finish()
    try joined.finish()
    return (reported, times, batches.samples)
  }

  private static func reported(
    _ name: String, _ tensor: Inference.Tensor, _ shape: [Int]
  ) -> RunReport.Output {
    RunReport.Output(name: name, dtype: tensor.type.name, shape: shape)
  }

  /// The first extents that the model declares, by name.
  private static func fixedExtents(of values: [ValueInfo]) -> [String: Int] {
    var extents: [String: Int] = [:]
    for value in values {
      if case .tensor(_, let shape?)? = value.type, case .fixed(let extent)? = shape.first {
        extents[value.name] = extent
      }
    }
    return extents
  }

  /// A session, its inputs (with --batch those of the first run), the model that names them, and the checkpoint of its
  /// weights (nil for an ONNX model), and how a budget of work selected the level.
  private typealias Prepared = (
    session: Session, inputs: [String: Inference.Tensor], model: Model, checkpoint: UnitCheckpoint?,
    budgeted: BudgetedLevels?
  )

  private func prepared(threads: Int) throws -> Prepared {
    let opened = try OpenedFile(model)
    let backend = computing.kind
    if opened.flatKind == nil { return try checkpointSession(opened, backend, threads) }
    if task != nil || level != nil || limit.budget != nil {
      throw TesseraError(
        sentence:
          "\(model): expected a unit checkpoint for --task, --level or --budget, found a file without tasks")
    }
    guard let graph = try opened.graph else {
      throw TesseraError(
        sentence:
          "\(model): expected an ONNX model, found \(opened.flatKind?.rawValue ?? ""), which has no graph")
    }
    let session = try Session(
      graph, backend: backend, threads: threads, limits: try limiting.limits(else: RunLimits()))
    guard let given = try givenInputs else { return (session, [:], graph, nil, nil) }
    _ = try given.shapes(for: graph)
    return (session, batch == nil ? try given.tensors(for: session, model: graph) : [:], graph, nil, nil)
  }

  private var givenInputs: FileInputs? {
    get throws { try input.map { FileInputs(try OpenedFile($0, reading.choices).source, samples: batch) } }
  }

  /// The dense sub-network of a checkpoint; only its own parts of the tensors are read.
  private func checkpointSession(
    _ opened: OpenedFile, _ backend: BackendKind, _ threads: Int
  ) throws -> Prepared {
    guard let checkpoint = try opened.checkpoint, let network = try opened.network else {
      throw TesseraError(sentence: "\(model): expected a unit checkpoint with a graph, found one without")
    }
    let inputs = try givenInputs
    let chosen = try NetworkChoice(
      opened, checkpoint, task: task, level: level, budget: try limit.value(), policy: policy,
      work: try workSettings(of: network, inputs, threads)
    ).network()
    let running = try NetworkSession(
      try SubNetwork(chosen.network, of: checkpoint), of: checkpoint, network, plan: chosen.plan,
      inputs: inputs, backend: backend, threads: threads, limits: try limiting.limits(else: RunLimits()))
    return (running.session, running.inputs, network.model, checkpoint, chosen.budgeted)
  }

  /// How a budget of work is counted or timed: for the shapes of the inputs, and as the run itself.
  private func workSettings(
    of network: NetworkModel, _ inputs: FileInputs?, _ threads: Int
  ) throws -> WorkSettings {
    var settings = WorkSettings()
    let shapes = try inputs?.shapes(for: network.model)
    settings.shapes = { [model] graph in
      if shapes == nil, !graph.graph.requiredInputs.isEmpty {
        throw TesseraError(
          sentence:
            "\(model): --budget: expected --input, for whose shapes the levels are compared, found none")
      }
      return shapes ?? [:]
    }
    settings.backend = computing.kind
    settings.threads = threads
    settings.repeats = `repeat` ?? settings.repeats
    settings.countLimits = try limiting.limits(else: .counting)
    settings.runLimits = try limiting.limits(else: RunLimits())
    return settings
  }
}
