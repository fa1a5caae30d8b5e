internal import ArgumentParser
internal import Assigning
internal import ByteFiles
internal import ChannelFlow
internal import FlatFormats
internal import Inference
internal import Planning
internal import Reporting
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitModel

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Make a plan for weights, or check one against them.",
    discussion: """
      Print the plan as JSON (schemas/plan.schema.json), with every order and level in full. On stderr, \
      list the tensors that are cut and those that are left whole, with the reasons.

      For an ONNX model, the graph decides which channels must be cut together. First layers and outputs \
      stay whole. The outputs are the tasks, unless --tasks gives others. For other files, give --cut or \
      --preset. Without both, common architectures are recognised by tensor names.

      --cut PATTERN=DIMENSION,DIMENSION,… assigns each dimension of the matching tensors to a channel \
      axis. In a pattern, {} matches one component of a name and is copied to the axis name; * matches \
      anything. A dimension is one of:
        -             not cut (PATTERN= without dimensions leaves the tensors whole)
        ffn{}         an axis
        conv*49       an axis with 49 positions for each channel (a flatten of 7 × 7)
        4*lstm        an axis four times (the gates of an LSTM)
        a+16+b        axis a, then 16 positions that are not cut, then axis b
        ffn:compact   axis ffn, but only the channels of the one level that uses the tensor
      #experts{} after the dimensions makes each tensor one channel of an axis; the next {} of the pattern \
      is the channel's number: 'layer{}.expert{}.*=#experts{}'.

      --cut ffn,heads cuts only these groups of a known architecture: feed-forward layers, attention heads. \
      experts and layers, whole ones, are cut only if they are named here.

      --axis NAME:key=value,… describes an axis. The keys are:
        size=1536              the number of channels
        granule=32             channels that stay together (a head)
        units=384+384+300+468  the numbers of channels of units 0, 1, 2 and 3
        units=0-3+9/4-8        the channels of each unit: 0 to 3 and 9 of unit 0, 4 to 8 of unit 1
        common=0-7             the channels of every sub-network
        modules=yes            each channel is a module by itself, such as an expert

      --family FILE makes the plan from the description of a method (schemas/family.schema.json). The \
      description has widths, groups or channel masks, and patterns for the tensors of one level, task or \
      expert.

      Example:
        tessera plan bert.safetensors --units 4 --heads 12 -o plan.json
        tessera plan w.safetensors --units 4 --tasks fine,coarse \\
          --cut 'layer{}.up.weight=ffn{},-' --cut 'layer{}.down.weight=-,ffn{}'
        tessera plan mixtral/ --units 4 --cut experts --order experts=r.json -o p.json
        tessera plan w.safetensors --plan mine.json
        tessera plan slimmable.safetensors --family widths.json -o plan.json
      """)

  @Argument(help: "The weights to plan for: an ONNX model, another flat file, or a unit checkpoint.")
  var source: String

  @Option(help: "The number of units, k.")
  var units: Int?

  @Option(
    help:
      """
      Task names, separated by commas. Default: the graph's outputs if there are several, else one task \
      'all'.
      """
  )
  var tasks: String?

  @Option(
    help: ArgumentHelp(
      """
      The levels of each task: numbers of units (1,2,4), lists of units (1,[0,3]), or named levels \
      (small=1,large=4).
      """
    ))
  var levels: String?

  @Option(
    help:
      """
      The order in which a task adds units. Task t (from 0) starts with unit t. nearest (the default): the \
      nearest to t first. adjacent: the lower units, downwards, then the higher ones.
      """
  )
  var rule: String?

  @Option(
    name: .customLong("cut"),
    help: "Cut the matching tensors (repeatable). The first cut that matches a name is used.")
  var cuts: [String] = []

  @Option(name: .customLong("axis"), help: "Describe an axis (repeatable).")
  var axes: [String] = []

  @Option(
    name: .customLong("skip-layers"),
    help: ArgumentHelp(
      "Give these layers to the last unit alone, so that smaller levels skip them: 20-24,30.",
      valueName: "layers"))
  var skipLayers: String?

  @Option(
    name: .customLong("order"),
    help: ArgumentHelp(
      """
      Give each axis's best channels to the first unit (repeatable). importance: by the norms of the weights that make \
      a channel and of those that read it. FILE.json: lists of channels, best first, by axis. GROUP=FILE.json: lists by \
      layer, such as experts=ranking.json.
      """, valueName: "order"))
  var orders: [String] = []

  @Option(
    help:
      """
      With a graph and --order importance: inputs of the network (.npz, or .npy for one input). A channel's importance \
      is then its root mean square on them, times the norm of the weights that read it.
      """)
  var samples: String?

  @Option(
    help: ArgumentHelp(
      """
      Divide channels among the units by the tasks' need of them: weights or activations (see 'tessera assign'). The \
      whole network stays the same. With --plan, divide the channels of that plan.
      """, valueName: "method"))
  var regroup: String?

  @Option(help: "For --regroup activations: inputs of the tasks, as for 'tessera assign'.")
  var data: String?

  @Option(help: "The architecture: \(Preset.names.joined(separator: ", ")).")
  var preset: String?

  @Option(
    help:
      """
      The number of attention heads (shapes do not show it). Default: from config.json in the folder of \
      SOURCE, or from the metadata of GGUF.
      """)
  var heads: Int?

  @Option(help: "Check this plan against the weights instead of making one.")
  var plan: String?

  @Option(help: "Make the plan from this description of widths, masks, adapters or experts.")
  var family: String?

  @Option(help: "The file with the channel masks of --family, if they are not in SOURCE.")
  var masks: String?

  @Option(name: .shortAndLong, help: "Write the plan to this file instead of standard output.")
  var output: String?

  @Flag(help: "With a graph: also cut the outputs of first layers.")
  var cutFirst = false

  @Flag(help: "With a graph: also cut the network's outputs.")
  var cutLast = false

  @Option(
    name: .customLong("input-shape"),
    help: ArgumentHelp(
      """
      With a graph: the shape of an input with open dimensions, such as images=1x3x224x224 or \
      images=1,3,224,224 (repeatable). If there is one input, the name is optional.
      """,
      valueName: "name=shape"))
  var inputShapes: [String] = []

  @OptionGroup var root: RootOption

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var leaveOut: LeaveOutOption

  func validate() throws {
    for text in inputShapes { _ = try InputShape(parsing: text) }
    if samples != nil, !orders.contains("importance") {
      throw ValidationError("--samples goes with --order importance")
    }
    if let regroup {
      guard let method = LearningMethod(rawValue: regroup), method != .ablation else {
        throw ValidationError("--regroup: expected weights or activations, found '\(regroup)'")
      }
      guard (method == .activations) == (data != nil) else {
        throw ValidationError(
          data == nil ? "expected --data for --regroup activations" : "--regroup weights uses no --data")
      }
      if !orders.isEmpty { throw ValidationError("expected either --order or --regroup") }
    } else if data != nil {
      throw ValidationError("--data goes with --regroup activations")
    }
    if family != nil {
      if units != nil || tasks != nil || levels != nil || rule != nil || preset != nil || heads != nil
        || plan != nil
        || !cuts.isEmpty || !axes.isEmpty || !orders.isEmpty || skipLayers != nil
      {
        throw ValidationError("--family describes the whole plan; it goes only with --masks and -o")
      }
    } else if masks != nil {
      throw ValidationError("--masks goes with --family")
    } else if plan == nil {
      guard let units else {
        throw ValidationError("expected --units K, --family FILE, or --plan to check a plan")
      }
      guard (1...Partition.unitLimit).contains(units) else {
        throw ValidationError("--units: expected 1 to \(Partition.unitLimit), found \(units)")
      }
    } else if units != nil || tasks != nil || levels != nil || rule != nil || preset != nil || heads != nil
      || !cuts.isEmpty || !axes.isEmpty || !orders.isEmpty || skipLayers != nil
    {
      throw ValidationError("--plan checks a plan as it is; it goes only with --regroup and -o")
    }
    if let output {
      try DeclaredFiles.require(
        ("-o", output),
        apartFrom: ["SOURCE": source, "--plan": plan, "--family": family, "--masks": masks, "--data": data])
      guard output.lowercased().hasSuffix(".json") else {
        throw ValidationError("-o '\(output)': a plan is JSON; expected a name that ends in .json")
      }
    }
    if let tasks, tasks.split(separator: ",", omittingEmptySubsequences: false).contains("") {
      throw ValidationError(
        "--tasks '\(tasks)': expected names with commas between them, found an empty name")
    }
    if let rule, AssignmentRule(rawValue: rule) == nil {
      throw ValidationError(
        "--rule: expected \(AssignmentRule.allCases.map(\.rawValue).joined(separator: " or ")), found '\(rule)'"
      )
    }
    if let preset, Preset(named: preset) == nil {
      let names = Preset.names
      throw ValidationError(
        "--preset: expected one of \(names.joined(separator: ", ")), found '\(preset)'"
          + (nearestName(to: preset, among: names).map { "; the nearest name is '\($0)'" } ?? ""))
    }
    do {
      _ = try request()
      _ = try orderOptions()
    } catch let error as PlanningError { throw ValidationError("\(error)") }
  }

  func run() throws {
    let opened = try root.applied(to: OpenedFile(source, reading.choices))
    let (specs, ties) = try tensors(of: opened)
    var proposed: ProposedPlan
    let graph: NetworkModel?
    var configuration: ModelConfiguration?
    do {
      graph = try opened.network
      // A plan that is only checked needs no sizes; whether it gives folders is said for folders.
      if opened.folder != nil || family == nil && plan == nil {
        configuration = try ModelConfiguration(beside: source)
      }
      if let family {
        let masks = try masks.map { try OpenedFile($0, reading.choices) }
        proposed = try FamilyFile.plan(family, masks: masks, opened)
        try graph?.check(proposed.resolved)
      } else if let plan {
        proposed = try PlanFile.read(plan).checked(against: specs, ties: ties)
        try graph?.check(proposed.resolved)
        try FamilyFile.checkOwners(proposed.resolved.partition, opened.source)
      } else if let graph, cuts.isEmpty, preset == nil, skipLayers == nil {
        let shapes = try InputShape.shapes(inputShapes, of: graph.model)
        for (name, shape) in shapes where !shape.allSatisfy({ (1..<(1 << 24)).contains($0) }) {
          throw TesseraError(
            sentence:
              "\(source): --input-shape: expected extents from 1 for \(TensorName(name).quoted), found \(shape)"
          )
        }
        var options = FlowOptions()
        options.cutsFirst = cutFirst
        options.cutsLast = cutLast
        proposed = try orderedRequest(graph).propose(
          forGraph: graph.model, specs: specs, inputShapes: shapes, options: options,
          supplier: graph.whole)
      } else {
        if graph == nil, let option = graphOption {
          throw TesseraError(sentence: "\(source): expected an ONNX graph for \(option), found none")
        }
        proposed = try configuredRequest(graph, opened.ownSizes ?? configuration?.sizes).propose(
          for: specs, ties: ties, weights: opened.source)
        try graph?.check(proposed.resolved)
      }
      if let method = regroup.flatMap(LearningMethod.init(rawValue:)) {
        proposed = try proposed.regrouped(
          method, of: opened, data: try data.map { try OpenedFile($0, reading.choices) }, limits: RunLimits())
      }
    } catch let failure as TesseraError {
      throw failure
    } catch {
      var error = error
      // If a plan was made from options, an error in it is reported at the option.
      if family == nil, plan == nil, case .plan(let inner)? = error as? PlanningError {
        error = try request().placed(inner)
      }
      var (file, sentence) = (family ?? plan ?? source, "\(error)")
      if case .weights? = error as? PlanningError { file = source }
      // An error of the graph already begins with the file.
      throw TesseraError(sentence: sentence.hasPrefix("\(file): ") ? sentence : "\(file): \(sentence)")
    }
    let width = Output.errorIsTerminal ? Terminal.errorWidth : nil
    let levels = configuration?.levels(of: proposed.resolved)
    let folderWords = opened.folder == nil ? [] : levels?.sentences ?? []
    let halfCuts =
      graph == nil
      ? HalfCutWords.sentences(proposed.resolved, .add, isExplained: levels?.explainsCuts ?? false) : []
    for sentence in proposed.words + folderWords + halfCuts {
      Output.standardError(WrappedSentence.text(sentence, width: width))
    }
    let text: String
    do { text = try proposed.plan.text() } catch {
      throw TesseraError(sentence: "\(plan ?? source): \(error)")
    }
    if let output {
      let file = try AtomicFile(path: output)
      try file.write(Array(text.utf8), at: 0)
      try file.commit()
    } else if plan == nil || regroup != nil {
      // A plan that was only checked exists as a file already.
      try Output.standardOutput(text, as: .json)
    }
    if proposed.resolved.cutsNothing {
      let sentence = NothingCut.sentence(
        source, wayOn(specs, proposed.resolved.partition.axes, hasGraph: graph != nil))
      Output.standardError(WrappedSentence.text(sentence, width: width))
      throw ExitCode(1)
    }
  }

  /// The next steps if nothing is cut, without those that were tried.
  private func wayOn(_ specs: [TensorSpec], _ axes: [ChannelAxis], hasGraph: Bool) -> String {
    let decidesGraph = hasGraph && plan == nil && family == nil && cuts.isEmpty && preset == nil
    guard decidesGraph else {
      // Axes were named, but they have fewer channels than units.
      if let most = axes.map(\.size).max(), let units, units > 1, most < units {
        return "their axes have at most \(most) channels: try at most \(most) --units"
      }
      return NothingCut.example(specs, hasPreset: preset != nil)
    }
    let untried =
      (cutFirst ? [] : ["--cut-first"]) + (cutLast ? [] : ["--cut-last"])
      + (units ?? 0 > 2 ? ["fewer --units"] : [])
    guard let last = untried.last else { return "the lines above say why" }
    return "try " + (untried.count > 1 ? "\(untried.dropLast().joined(separator: ", ")) or \(last)" : last)
  }

  /// The groups of tensors that are named in `--cut`, such as `ffn,heads`; nil if there are none.
  private var groups: [String]? {
    let named = cuts.filter { !$0.contains("=") }
    return named.isEmpty ? nil : named.flatMap { $0.split(separator: ",").map(String.init) }
  }

  /// The first given option that only a plan from a graph uses.
  private var graphOption: String? {
    cutFirst ? "--cut-first" : cutLast ? "--cut-last" : inputShapes.isEmpty ? nil : "--input-shape"
  }

  private func request() throws -> PlanRequest {
    let parsed = try levels.map(LevelsOption.init(parsing:))
    var request = PlanRequest(
      unitCount: units ?? 1,
      tasks: tasks.map { $0.split(separator: ",").map { TaskID(String($0)) } } ?? [],
      levels: parsed?.levels, levelNames: parsed?.names ?? [],
      rule: rule.flatMap(AssignmentRule.init(rawValue:)) ?? .nearest,
      cuts: try cuts.filter { $0.contains("=") }.map(CutOption.init(parsing:)),
      axes: try axes.map(AxisOption.init(parsing:)), preset: preset.flatMap(Preset.init(named:)),
      groups: groups, heads: heads)
    request.skippedLayers = try skippedLayers()
    request.sortsByImportance = try orderOptions().contains(.importance)
    return request
  }

  /// The numbers in `--skip-layers`.
  private func skippedLayers() throws(PlanningError) -> [Int] {
    try skipLayers.map { (text) throws(PlanningError) in try NumberList.numbers(text, option: "--skip-layers")
    } ?? []
  }

  private func orderOptions() throws(PlanningError) -> [OrderOption] {
    try orders.map { (text) throws(PlanningError) in try OrderOption(parsing: text) }
  }

  /// The request with the files of `--order` and `--samples`.
  private func orderedRequest(_ graph: NetworkModel?) throws -> PlanRequest {
    var request = try request()
    for case .file(let path, let group) in try orderOptions() {
      request.rankings.append(try RankingFile.read(path, group: group))
    }
    if let samples {
      guard let graph else {
        throw TesseraError(sentence: "\(source): expected an ONNX graph for --samples, found none")
      }
      request.activations = try MeanSquares.of(
        graph, samples: FileInputs(try OpenedFile(samples, reading.choices).source),
        threads: ThreadSupply.processorCount)
    }
    return request
  }

  /// The request with the numbers of the weights' own metadata, or of the config.json in their folder.
  private func configuredRequest(_ graph: NetworkModel?, _ sizes: ModelSizes?) throws -> PlanRequest {
    var request = try orderedRequest(graph)
    request.sizes = sizes
    return request
  }

  /// Specs and ties of a flat file or a unit checkpoint. Throws if a part is left out whose loss the user does not
  /// accept.
  private func tensors(of opened: OpenedFile) throws -> (specs: [TensorSpec], ties: [TensorName: TensorName])
  {
    let file = try opened.source
    try file.requireWhole(keepsGraph: true, mayLose: leaveOut.accepts)
    leaveOut.report(of: file)
    return (file.tensors.map(\.spec), file.ties)
  }
}
