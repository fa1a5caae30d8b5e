internal import ArgumentParser
internal import Assigning
internal import ByteFiles
internal import FlatFormats
internal import Inference
internal import Reporting
internal import TensorStreams
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

struct AssignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assign",
    abstract: "Replace the orders in which tasks add units, or learn them.",
    discussion: """
      Give each task of FILE, a unit checkpoint or a plan, another order of units: by a rule, from a file, or \
      learned from the trained network. Each level keeps its number of units. The tensors and their sections \
      stay as they are. Without --rule, --order and --learn, print the orders and the affinities that FILE has.

      --learn computes the affinity of each task and unit:
        weights      from the task's own heads and norms; needs no data
        activations  from the root mean square of the unit's channels on the task's data, times the norm \
      of the weights that read them
        ablation     from the rise in the task's loss without the unit

      First units are distinct, so that the sum of their affinities is greatest. The other units follow by \
      affinity. If --data has labels (activations and ablation), they are removed one by one from the whole \
      network, each time the unit without which the loss is lowest; the first one removed comes last. Of \
      equal units, the lower number comes first.

      The arrays of --data are TASK.INPUT, for each input of the graph, and TASK.labels; INPUT and labels \
      are for tasks without their own. Labels are class numbers (cross-entropy), 0 and 1 of the output's \
      shape (logistic loss), or other numbers of that shape (squared error). 128 samples are enough for \
      activations.

      --order FILE has a list of units for each task: {"fine": [0, 2, 1, 3]}.

      Example:
        tessera assign model.h5 --learn ablation --data d.npz -o learned.h5
        tessera assign model.h5 --rule nearest -o nearest.h5
        tessera assign plan.json --weights model.onnx --learn weights -o p.json
        tessera assign learned.h5 --json
      """)

  @Argument(help: "A unit checkpoint or a plan.")
  var file: String

  @Option(
    help:
      "Make the orders by this rule: \(AssignmentRule.allCases.map(\.rawValue).joined(separator: " or ")).")
  var rule: String?

  @Option(help: "Take the orders from this JSON file.")
  var order: String?

  @Option(help: "Learn the orders: \(LearningMethod.allCases.map(\.rawValue).joined(separator: ", ")).")
  var learn: String?

  @Option(help: "Inputs and labels of the tasks, for --learn activations and ablation.")
  var data: String?

  @Option(help: "Use at most this many samples of each task, chosen at random. Default: all.")
  var maxSamples: Int?

  @Option(help: "The seed by which samples are chosen. Default: 1.")
  var seed: Int?

  @Flag(help: "Learn an order for each channel axis, too.")
  var perAxis = false

  @Option(help: "For a plan: the weights, for --learn.")
  var weights: String?

  @Option(
    name: .shortAndLong, help: "Write the checkpoint, or the plan, to this file. Without it, only print.")
  var output: String?

  @OptionGroup var limiting: LimitOptions

  @Flag(help: "Print JSON (schemas/assign.schema.json).")
  var json = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    let given = [("--rule", rule), ("--order", order), ("--learn", learn)].filter { $0.1 != nil }
    if given.count > 1 {
      throw ValidationError(
        "expected one of --rule, --order and --learn, found \(given.map(\.0).joined(separator: " and "))")
    }
    if let rule, AssignmentRule(rawValue: rule) == nil {
      throw ValidationError(
        "--rule: expected \(AssignmentRule.allCases.map(\.rawValue).joined(separator: " or ")), found '\(rule)'"
      )
    }
    let method = learn.flatMap(LearningMethod.init(rawValue:))
    if let learn, method == nil {
      throw ValidationError(
        "--learn: expected \(LearningMethod.allCases.map(\.rawValue).joined(separator: ", ")), found '\(learn)'"
      )
    }
    if let method, (method != .weights) != (data != nil) {
      throw ValidationError(
        method == .weights
          ? "--learn weights uses no --data" : "expected --data for --learn \(method.rawValue)")
    }
    for (option, isGiven) in [
      ("--data", data != nil), ("--max-samples", maxSamples != nil), ("--seed", seed != nil),
      ("--per-axis", perAxis), ("--weights", weights != nil),
    ] where isGiven && method == nil { throw ValidationError("\(option) goes with --learn") }
    if maxSamples != nil, data == nil { throw ValidationError("--max-samples goes with --data") }
    if let maxSamples, maxSamples < 1 {
      throw ValidationError("--max-samples: expected 1 or more, found \(maxSamples)")
    }
    if seed != nil, maxSamples == nil { throw ValidationError("--seed goes with --max-samples") }
    if output != nil, given.isEmpty {
      throw ValidationError("expected --rule, --order or --learn for -o, found none")
    }
    try DeclaredFiles.require(
      ("-o", output), apartFrom: ["FILE": file, "--order": order, "--data": data, "--weights": weights])
  }

  func run() throws {
    if let plan = try PlanFile.recognised(file) {
      if let output, !output.lowercased().hasSuffix(".json") {
        throw TesseraError(
          sentence: "-o '\(output)': expected a name that ends in .json, because \(file) is a plan")
      }
      try assign(plan)
    } else {
      try assign(OpenedFile(file, reading.choices))
    }
  }

  private func assign(_ plan: Plan) throws {
    let opened = try weights.map { try OpenedFile($0, reading.choices) }
    let old: Assignment
    let changed: (orders: [UnitOrder], provenance: Provenance, tables: [AssignmentReport.Table])?
    let filled: Plan
    do throws(PlanError) { (filled, old) = (try plan.filled(), try plan.assignmentAlone()) } catch {
      throw TesseraError(sentence: "\(file): \(error)")
    }
    var resolved: ResolvedPlan?
    if let opened {
      let source = try opened.source
      do throws(PlanError) {
        resolved = try plan.resolve(against: source.tensors.map(\.spec), ties: source.ties)
      } catch { throw TesseraError(sentence: "\(file): \(error)") }
    }
    if learn != nil, opened == nil {
      throw TesseraError(
        sentence: "\(file): expected --weights for --learn, because a plan has none; found none")
    }
    changed = try changes(
      old, plan.unitCount, opened.flatMap { opened in resolved.map { (opened, plan, $0) } })
    var new = filled
    if let changed {
      do throws(PlanError) { new = try plan.reassigned(changed.orders, changed.provenance) } catch {
        throw TesseraError(sentence: "\(order ?? file): \(error)")
      }
    }
    if let output {
      let text: String
      do throws(PlanError) { text = try new.text() } catch {
        throw TesseraError(sentence: "\(file): \(error)")
      }
      let destination = try AtomicFile(path: output)
      try destination.write(Array(text.utf8), at: 0)
      try destination.commit()
    }
    let assignment: Assignment
    do throws(PlanError) { assignment = try new.assignmentAlone() } catch {
      throw TesseraError(sentence: "\(file): \(error)")
    }
    try show(assignment, previous: changed == nil ? nil : old, changed?.tables)
  }

  private func assign(_ opened: OpenedFile) throws {
    if let output, let kind = FlatFormats.kind(forName: output, use: .subNetwork) {
      throw TesseraError(
        sentence:
          "-o '\(output)': expected the name of a checkpoint, such as new.h5, found that of \(kind.rawValue)")
    }
    guard let checkpoint = try opened.checkpoint else {
      throw TesseraError(
        sentence:
          "\(file): expected a unit checkpoint or a plan, found flat weights; 'tessera plan' makes a plan")
    }
    if let weights {
      throw TesseraError(
        sentence: "\(file): expected a plan for --weights '\(weights)', found a unit checkpoint")
    }
    let old = try checkpoint.resolvedPlan()
    guard
      let changed = try changes(
        old.assignment, old.partition.unitCount, (opened, try checkpoint.parsedPlan(), old))
    else {
      return try show(old.assignment, previous: nil, nil)
    }
    let reassigning = try Reassigning(opened, checkpoint, changed.orders, changed.provenance)
    if let output {
      var bar = ProgressBar("writing", total: reassigning.byteCount)
      defer { bar.finish() }
      try reassigning.write(to: output) { bar.update($0) }
    }
    try show(reassigning.resolved.assignment, previous: old.assignment, changed.tables)
  }

  private typealias Changes = (orders: [UnitOrder], provenance: Provenance, tables: [AssignmentReport.Table])

  /// The new orders; nil if none were asked for.
  /// The axes that keep the tasks' orders although orders of their own were asked for.
  private func kept(_ axes: [ChannelAxis], _ affinities: Affinities) -> [AxisName] {
    perAxis
      ? axes.filter { axis in !axis.isWhole && !affinities.axes.contains { $0.axis == axis.name } }.map(
        \.name) : []
  }

  private func changes(
    _ old: Assignment, _ units: Int, _ learned: (OpenedFile, Plan, ResolvedPlan)?
  ) throws -> Changes? {
    if let rule = rule.flatMap(AssignmentRule.init(rawValue:)) {
      var orders: [UnitOrder] = []
      do throws(PlanError) {
        for (place, task) in old.tasks.enumerated() {
          orders.append(
            UnitOrder(
              task: task.task,
              order: try rule.order(ofTask: place, taskCount: old.tasks.count, unitCount: units)))
        }
      } catch { throw TesseraError(sentence: "\(file): \(error)") }
      return (orders, Provenance(rule: rule.rawValue), [])
    }
    if let order {
      let orders = try DocumentFile.read(order, limit: UnitOrder.sizeLimit, as: "orders of units") {
        try UnitOrder.parse($0)
      }
      return (orders, Provenance(rule: "by-hand"), [])
    }
    guard let method = learn.flatMap(LearningMethod.init(rawValue:)), let (opened, plan, resolved) = learned
    else {
      return nil
    }
    let learning = try Learning(
      opened, plan: (plan, resolved), data: try data.map { try OpenedFile($0, reading.choices) },
      samples: maxSamples,
      seed: seed ?? 1, method: method, limits: try limiting.limits(else: RunLimits()))
    var bar = ProgressBar("learning", total: learning.taskCount + 1, unit: .things("steps"))
    defer { bar.finish() }
    var affinities = try learning.affinities(method, perAxis: perAxis) { bar.update($0) }
    let (orders, joined) = try learning.orders(affinities)
    affinities.losses = learning.losses
    bar.finish()
    if let (one, other) = affinities.equalTasks {
      Output.standardError(
        "note: tasks \(one.quoted) and \(other.quoted) have the same affinities, so their first units are arbitrary\n"
      )
    }
    if let first = joined.first {
      Output.standardError(
        "note: axis \(first.quoted)" + (joined.count > 1 ? " and \(joined.count - 1) more keep" : " keeps")
          + " the order of each task, because the graph joins its channels with those of another axis\n")
    }
    let kept = kept(resolved.partition.axes, affinities)
    if let first = kept.first {
      Output.standardError(
        "note: axis \(first.quoted)" + (kept.count > 1 ? " and \(kept.count - 1) more keep" : " keeps")
          + " the order of each task, because nothing there tells the tasks apart\n")
    }
    return (orders, affinities.provenance, affinities.tables)
  }

  private func show(
    _ assignment: Assignment, previous: Assignment?, _ tables: [AssignmentReport.Table]?
  ) throws {
    let report = AssignmentReport(
      file: file, destination: output, assignment: assignment, previous: previous,
      tables: tables ?? Affinities(assignment.provenance, of: assignment)?.tables ?? [])
    try json
      ? Output.standardOutput(json: report.json) : Output.standardOutput(report.text(width: Terminal.width))
  }
}

extension Affinities {
  fileprivate var tables: [AssignmentReport.Table] {
    [AssignmentReport.Table(tasks: matrix.tasks, values: matrix.values, json: matrix.json)]
      + axes.map { axis, matrix in
        AssignmentReport.Table(axis: axis.text, tasks: matrix.tasks, values: matrix.values, json: matrix.json)
      }
  }
}
