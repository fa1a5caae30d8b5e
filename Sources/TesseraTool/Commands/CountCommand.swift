internal import Accounting
internal import ArgumentParser
internal import FlatFormats
internal import ONNXGraph
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitModel

struct CountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "count",
    abstract: "Count parameters exactly, for each task and level, under named policies.",
    discussion: """
      FILE is a unit checkpoint, a flat file (one row), or a plan whose entries give name, dtype and \
      shape. No values are read, unless the policy needs them. Tied tensors count once, unless the policy \
      counts them differently. In the printed table, the number of parameters is the sum of four columns:
        intra            blocks that need exactly one unit
        interconnection  blocks that need two or more units
        common           blocks that need no unit: they are in every sub-network
        private          tensors that only some tasks or levels use

      The last column, excluded, is the number of elements that the policy leaves out.

      A policy is \(PolicyPreset.allCases.map(\.rawValue).joined(separator: ", ")), or a file of your own \
      (schemas/counting-policy.schema.json). The default is the plan's policy, else all-stored.

      Each policy gets a column. --union counts several sub-networks together, with shared weights once, \
      and then as separate networks. --claims compares published numbers with the file \
      (schemas/claims.schema.json). If a claim does not hold, count lists the policies under which it \
      would hold. The exit code is then 1.

      Write numbers as 1.9M or 7,380,276 (parameters), or as 64MB or 2GiB (bytes). A --budget may also be \
      1.5GMAC (multiply-adds of a run) or, with --measure, 3ms (the median time of a run). Both need a \
      graph, and are for the input shapes of --work. --max is a gate for CI. \
      The exit code is 1 if a selected sub-network is larger. It is also 1 if a part of the file could not \
      be counted, unless --leave-out accepts that.

      --layers lists the nodes of an ONNX model, or of a checkpoint with a graph. With --task and --level, \
      it lists those of one sub-network. It prints the output shape, parameters and multiply-adds of each \
      node. Only matrix products, convolutions, attention and recurrent layers have multiply-adds. \
      Padding counts, biases do not. The parameters of a node are the floating-point elements of its constant \
      inputs: weights, and values computed from weights alone. Shared weights count at each node that uses \
      them.

      For --layers, --work and multiply-adds, the inputs are zeros. Their shapes come from --input-shape, or else from \
      the model; a batch without a fixed size is 1. Matrix products and convolutions are counted but not \
      computed. All other operators are computed, within 1 GiB of tensors and 1,000,000,000 steps. \
      --measure also computes these products, within the limits of run: 4 GiB and 4,000,000,000,000 steps. \
      --memory-limit and --step-limit change the limits.

      Packed weights (GPTQ, AWQ, bitsandbytes, compressed-tensors, MXFP4, NVFP4, AQLM, ExLlama, \
      MatMulNBits, MLX, HQQ) are counted by their unpacked elements. MLX and HQQ need a config.json in the \
      folder of FILE. The scales and other bookkeeping of packed weights have the role quantisation.

      active-hf and active-no-embeddings count the experts that are active for each token. Their number is \
      --top-k, or num_experts_per_tok of config.json. If --top-k or config.json shows that there are \
      experts but FILE has none, FILE is refused.

      Example:
        tessera count model.h5
        tessera count model.h5 --task fine --budget 1.9M --policy weights-only
        tessera count model.h5 --level 1 --max 2M --json
        tessera count model.safetensors --policy active-hf --top-k 8
        tessera count model.onnx --layers --input-shape images=1x3x224x224
        tessera count model.h5 --measure --threads 1
        tessera count model.h5 --budget 1.5GMAC --input-shape 8x3x224x224
        tessera count m.h5 --policy dvn-all --policy all-stored --union a:2,b:1
        tessera count model.h5 --claims claims.json
      """)

  @Argument(help: "A unit checkpoint, a flat file, or a plan with shapes.")
  var file: String

  @Option(name: .customLong("task"), help: "Count only this task (repeatable).")
  var tasks: [String] = []

  @Option(help: "Count only this level, by number or by name.")
  var level: String?

  @OptionGroup var limit: BudgetOption

  @Option(name: .customLong("policy"), help: "The name of a policy, or the path of its file (repeatable).")
  var policies: [String] = []

  @Option(
    help:
      """
      The number of experts for each token, for active-hf and active-no-embeddings. Default: from \
      config.json in the folder of FILE.
      """
  )
  var topK: Int?

  @Option(help: "The size limit. Exit code 1 if a selected sub-network (or a file without tasks) is larger.")
  var max: String?

  @Option(help: "Also count these sub-networks together: TASK:LEVEL,TASK:LEVEL,….")
  var union: String?

  @Option(help: "Also check the claims in this file. Exit code 1 if a claim does not hold.")
  var claims: String?

  @Flag(help: "Also list every tensor with its role and the reason for the role.")
  var roles = false

  @Flag(help: "Also list every node of an ONNX model with its parameters and multiply-adds.")
  var layers = false

  @Flag(
    name: .customLong("work"),
    help: "Also print the multiply-adds and the peak activation bytes of each sub-network.")
  var hasWork = false

  @OptionGroup var work: WorkOptions

  @Flag(help: "Print JSON (schemas/count.schema.json).")
  var json = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var leaveOut: LeaveOutOption

  func validate() throws {
    try limit.check(level: level, isMeasuring: work.measure)
    if max != nil, policies.count > 1 {
      throw ValidationError("--max needs one policy, found \(policies.count)")
    }
    if let topK, topK < 1 { throw ValidationError("--top-k: expected 1 or more, found \(topK)") }
    if try !layers && !isWorkWanted && limit.workBudget() == nil {
      try work.measuring.requireUnused(users: "--layers, --work, --measure and a --budget in multiply-adds")
    }
    if let union, Self.networks(of: union) == nil {
      throw ValidationError("--union: expected TASK:LEVEL,TASK:LEVEL,…, found '\(union)'")
    }
    _ = try max.map { try Budget(parsing: $0, option: "--max") }
  }

  func run() throws {
    var source = try CountSource(file, reading.choices)
    var graph: GraphCount?
    let (selection, budgeted) = try selection(of: source, &graph)
    var tables: [CountReport.Table] = []
    let rules = try policies.isEmpty ? [source.plannedPolicy()] : policies.map(PolicyFile.read)
    let claimed = try claims.map { try CountClaims($0, else: rules[0]) }
    var bar: ProgressBar?
    try source.readValues(for: rules + (claimed?.policies ?? []), expertsPerToken: topK) { done, total in
      if bar == nil { bar = ProgressBar("reading", total: total) }
      bar?.update(done)
    }
    bar?.finish()
    for policy in rules {
      let counts: ParameterCounts
      do { counts = try source.inventory.counts(under: policy, for: selection) } catch {
        throw TesseraError(sentence: "\(file): \(error)")
      }
      tables.append(
        CountReport.Table(
          counts, networks: try rows(selection, of: counts, source.inventory.tasks),
          union: try unionCount(source.inventory, policy)))
    }
    if graph == nil, let option = graphOption {
      graph = try GraphCount(source.opened, file, work, option: option)
    }
    let inventory = source.inventory
    let report = CountReport(
      file: file, kind: source.kind, unitCount: inventory.unitCount,
      leftOut: LeftOutList(source.leftOut.map { ($0.name, $0.why) }), tasks: inventory.tasks.map(\.task),
      policies: tables, claims: try claimed?.checked(in: inventory, rules, file: file),
      tensors: roles ? zip(inventory.tensors, inventory.roles).map { ($0.name, $1) } : nil,
      packed: inventory.unknownPackings,
      expertsPerToken: rules.contains { $0.experts == .active } ? inventory.expertsPerToken : nil,
      layers: layers ? try graph.map { try layerTable(of: tables, $0) } : nil,
      work: isWorkWanted ? try graph?.table(of: chosen(in: tables)) : nil,
      budget: budgeted.map(BudgetReport.init)
    )
    try json
      ? Output.standardOutput(json: report.json) : Output.standardOutput(report.text(width: Terminal.width))
    let failed = report.claims?.contains { !$0.holds } ?? false
    if failed { Output.standardError("tessera: \(PrintableText.line(file)): a claim does not hold\n") }
    if let max {
      try requireAll(source.uncounted(but: leaveOut.accepts)?.sentence)
      try gate(Budget(parsing: max, option: "--max"), tables, hasTasks: !inventory.tasks.isEmpty)
    }
    if failed { throw ExitCode(1) }
  }

  /// Whether the work is printed.
  private var isWorkWanted: Bool { hasWork || work.measure }

  /// The option whose table needs the graph; nil if there is none.
  private var graphOption: String? {
    layers ? "--layers" : work.measure ? "--measure" : hasWork ? "--work" : nil
  }

  /// Parses `fine:2,coarse:1`; the name of a task may contain colons, but no commas.
  private static func networks(of text: String) -> [Claim.Network]? {
    var networks: [Claim.Network] = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let colon = item.lastIndex(of: ":"), let level = Int(item[item.index(after: colon)...]),
        level >= 1
      else { return nil }
      networks.append(
        Claim.Network(task: TaskID(String(item[..<colon])), level: LevelNumber(level)))
    }
    return networks
  }

  private func unionCount(_ inventory: Inventory, _ policy: CountingPolicy) throws(TesseraError)
    -> UnionCount?
  {
    guard let networks = union.flatMap(Self.networks(of:)) else { return nil }
    do { return try inventory.union(of: networks, under: policy) } catch {
      throw TesseraError(sentence: "\(file): --union: \(error)")
    }
  }

  /// The networks that were selected.
  private func chosen(in tables: [CountReport.Table]) -> [(task: TaskID, level: LevelNumber)] {
    tables[0].networks.compactMap { row in
      if let task = row.task, let level = row.level { (task, level) } else { nil }
    }
  }

  /// The nodes of the selected network, or of the whole graph.
  private func layerTable(of tables: [CountReport.Table], _ graph: GraphCount) throws -> LayerTable {
    let chosen = chosen(in: tables)
    let isWhole = tasks.isEmpty && level == nil && limit.budget == nil
    if !isWhole, chosen.count != 1 {
      throw TesseraError(
        sentence: "\(file): --layers: expected one sub-network (--task, --level), found \(chosen.count)")
    }
    return try graph.layers(of: isWhole ? nil : chosen.first)
  }

  /// The selected rows. A budget of work selects them here, because no policy counts work.
  private func selection(
    of source: CountSource, _ graph: inout GraphCount?
  ) throws -> (RowSelection, BudgetedLevels?) {
    var selection = RowSelection(tasks: tasks.map { TaskID($0) })
    if let level { selection.level = .text(level) }
    guard let budget = try limit.value() else { return (selection, nil) }
    selection.level = .budget(budget)
    guard budget.quantity.isWork else { return (selection, nil) }
    try requireTasks(source.inventory.tasks)
    do {
      let counting = try GraphCount(source.opened, file, work, option: "--budget")
      let found = try counting.work.levels(
        within: budget, of: try selection.chosen(of: source.inventory.tasks))
      graph = counting
      selection.level = .levels(found.choice)
      return (selection, found)
    } catch let error as PlanError { throw TesseraError(sentence: "\(file): \(error)") }
  }

  private func requireTasks(_ tasks: [TaskAssignment]) throws(TesseraError) {
    if tasks.isEmpty {
      throw TesseraError(sentence: "\(file): expected tasks to choose from, found a file without")
    }
  }

  private func rows(
    _ selection: RowSelection, of counts: ParameterCounts, _ tasks: [TaskAssignment]
  ) throws -> [ParameterRow] {
    if selection != RowSelection() { try requireTasks(tasks) }
    do { return try counts.rows(selection, of: tasks) } catch {
      throw TesseraError(sentence: "\(file): policy '\(counts.policy.id)': \(error)")
    }
  }

  /// Makes the gate `--max` fail if a part of the model is not counted.
  private func requireAll(_ uncounted: String?) throws {
    guard let uncounted else { return }
    Output.standardError(
      "tessera: \(PrintableText.line(file)): --max: expected every tensor to be counted, or --leave-out PATTERN for others, "
        + "found \(uncounted)\n")
    throw ExitCode(1)
  }

  /// Prints every row that is over the limit, and exits with 1 if there is one.
  private func gate(_ limit: Budget, _ tables: [CountReport.Table], hasTasks: Bool) throws {
    var isExceeded = false
    for table in tables {
      for row in hasTasks ? table.networks : [table.stored] where limit.isExceeded(by: row) {
        isExceeded = true
        let found = row.cost(in: limit.quantity).map(limit.quantity.text) ?? "nothing counted"
        Output.standardError(
          "tessera: \(PrintableText.line("\(file): \(row.place): expected at most \(limit), found \(found)")) "
            + "(policy \(table.policy.id) \(table.policy.version))\n")
      }
    }
    if isExceeded { throw ExitCode(1) }
  }
}
