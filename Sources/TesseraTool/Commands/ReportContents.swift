internal import Accounting
internal import ByteFiles
internal import FlatFormats
internal import ONNXGraph
internal import Reporting
internal import Studies
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel
internal import Validation

/// Collects what a page about one file shows.
struct ReportContents {
  /// The policies of a page beside the plan's own.
  static let policies = [
    PolicyPreset.allStored, .pytorchParameters, .pytorchStateDict, .trainable, .weightsOnly, .dvnAll,
    .dvnConvolutions,
  ].map(\.rawValue)

  /// The most sub-networks for which the page has the parameters of each pair.
  private static let pairLimit = 24

  let file: String
  let title: String
  let policies: [String]
  let claims: String?
  let accuracy: String?
  let hasValues: Bool
  let work: WorkOptions
  let reading: ReadingChoices

  /// The report. Whatever cannot be computed for this file is named in it as left out.
  func report() throws -> ModelReport {
    let opened = try OpenedFile(file, reading)
    let accuracies = try accuracy.map { path in
      try DocumentFile.read(path, limit: Study.sizeLimit, as: "accuracies") {
        try AccuracyList(parsing: $0)
      }
    }
    var leftOut: [String] = []
    var source = try CountSource(opened)
    let rules = try rules(source)
    let claimed = try claims.map { try CountClaims($0, else: rules[0]) }
    try source.readValues(for: rules + (claimed?.policies ?? []))
    let inventory = source.inventory
    let assignment = try opened.checkpoint?.resolvedPlan().assignment
    let networks = assignment?.networks ?? []
    try requireNetworks(of: accuracies, among: networks)
    let tables = try tables(inventory, rules, &leftOut)
    let count = CountReport(
      file: file, kind: source.kind, unitCount: inventory.unitCount,
      leftOut: LeftOutList(source.leftOut.map { ($0.name, $0.why) }), tasks: inventory.tasks.map(\.task),
      policies: tables, claims: try claimed?.checked(in: inventory, rules, file: file),
      packed: inventory.unknownPackings, work: try workTable(networks, opened, &leftOut))
    let order = try graphOrder(of: inventory.tensors.map(\.name), opened)
    let stack = LayerStack(inventory, order: order ?? [])
    if stack.lacksGrids {
      leftOut.append(
        "the blocks of layers: only their sums are here, because there are more than \(LayerStack.gridLimit) units"
      )
    }
    if assignment?.tasks.contains(where: { !$0.axes.isEmpty }) == true {
      leftOut.append(
        "orders of units and affinities of single axes: the sentence and the tables of orders have those of the whole task; 'tessera assign FILE' prints all, and the layers show the units that are computed"
      )
    }
    if !hasValues {
      leftOut.append("statistics of values and checks of data: --no-values")
    }
    let inspection = try FileInspection(
      file: file, hasDigests: try hasValues || opened.checkpoint != nil, hasModelDigest: hasValues,
      hasStatistics: hasValues
    ).inspection(of: opened)
    return ModelReport(
      inspection: inspection, count: count, findings: try findings(), stack: stack,
      counted: inventory.tensors.map(\.name), networks: networks,
      provenance: assignment?.provenance, accuracies: accuracies,
      pairs: try pairs(inventory, tables, &leftOut), isInGraphOrder: order != nil, leftOut: leftOut,
      title: title)
  }

  /// The plan's policy and the default ones, or those that were named.
  private func rules(_ source: CountSource) throws -> [CountingPolicy] {
    if !policies.isEmpty { return try policies.map(PolicyFile.read) }
    var rules = [try source.plannedPolicy()]
    for name in Self.policies {
      let policy = try PolicyFile.read(name)
      if !rules.contains(where: { $0.digest == policy.digest }) { rules.append(policy) }
    }
    return rules
  }

  /// The counts. A default policy that cannot be applied to this file is left out; a named one is an error.
  private func tables(
    _ inventory: Inventory, _ rules: [CountingPolicy], _ leftOut: inout [String]
  ) throws -> [CountReport.Table] {
    var tables: [CountReport.Table] = []
    for policy in rules {
      do {
        let counts = try inventory.counts(under: policy)
        tables.append(.init(counts, networks: counts.networks))
      } catch {
        guard policies.isEmpty, !tables.isEmpty else { throw TesseraError(sentence: "\(file): \(error)") }
        leftOut.append("policy \(policy.id): \(error)")
      }
    }
    return tables
  }

  private func pairs(
    _ inventory: Inventory, _ tables: [CountReport.Table], _ leftOut: inout [String]
  ) throws -> [(policy: String, table: [[ParameterCount]])] {
    if inventory.networkCount < 2 { return [] }
    guard inventory.networkCount <= Self.pairLimit else {
      leftOut.append(
        "what one sub-network adds to another: only for at most \(Self.pairLimit) sub-networks, found \(inventory.networkCount)"
      )
      return []
    }
    do { return try tables.map { ($0.policy.id, try inventory.pairs(under: $0.policy)) } } catch {
      leftOut.append("what one sub-network adds to another: \(error)")
      return []
    }
  }

  /// The work of each sub-network and of the whole graph; nil without a graph.
  private func workTable(
    _ networks: [VirtualNetwork], _ opened: OpenedFile, _ leftOut: inout [String]
  ) throws -> WorkTable? {
    let isAsked = work.measure || !work.measuring.inputShapes.isEmpty
    if try opened.graph == nil, !isAsked {
      leftOut.append("multiply-adds and latency: the file has no graph")
      return nil
    }
    do {
      return try GraphCount(opened, file, work, option: work.measure ? "--measure" : "--input-shape").table(
        of: networks.map { ($0.task, $0.level) })
    } catch {
      if isAsked { throw error }
      leftOut.append("multiply-adds and latency: \(error)")
      return nil
    }
  }

  /// The place of the first node that uses each tensor; nil without a graph.
  private func graphOrder(of names: [TensorName], _ opened: OpenedFile) throws -> [Int?]? {
    guard let model = try opened.graph else { return nil }
    var places: [String: Int] = [:]
    for (place, node) in model.graph.nodes.enumerated() where places[node.shown] == nil {
      places[node.shown] = place
    }
    let uses = model.tensorUses
    return names.map { name in uses[name].flatMap { places[$0.node] } }
  }

  private func findings() throws -> FindingsReport {
    var options = ValidationOptions()
    options.deep = hasValues
    options.reading = reading
    var validating = try Validating(
      [file], options, try ProjectSearch(project: nil, isOff: false, lock: nil, isLocked: false)
    ) { _ in }
    let verdicts = try validating.verdicts(on: file, progress: { _ in }) {
      ValidateCommand.check(file, $0, progress: { _ in })
    }
    return FindingsReport(files: verdicts, documents: validating.documents)
  }

  /// Throws if an accuracy is about a sub-network that the file does not have.
  private func requireNetworks(of accuracies: AccuracyList?, among networks: [VirtualNetwork]) throws {
    guard let accuracies, let path = accuracy else { return }
    for item in accuracies.items
    where !networks.contains(where: { $0.task == item.task && $0.level == item.level }) {
      let tasks = Set(networks.map(\.task.text)).sorted()
      let nearest = nearestName(to: item.task.text, among: tasks)
      throw TesseraError(
        sentence:
          "\(path): task \(item.task.quoted), level \(item.level): expected a sub-network of \(file), found none"
          + (nearest.map { $0 == item.task.text ? "" : "; the nearest task is \(TaskID($0).quoted)" } ?? ""))
    }
  }
}
