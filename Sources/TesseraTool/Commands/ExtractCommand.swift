internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Planning
internal import Reporting
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Extract one sub-network as an ordinary, smaller, dense model.",
    usage: "tessera extract <file> <dest> [--task <task>] [--level <level>] [<options>]",
    discussion: """
      Write the tensors that a task uses at a level. Cut tensors keep the channels of the sub-network, in \
      ascending order. Private tensors get the names that the plan gives with "as". If the plan has a mask \
      or an owner map (the unit of each element), elements outside the sub-network are zero. Only the \
      blocks that the sub-network needs are read, and each of them is checked. DEST ends in \
      \(FlatFormats.endings(for: .subNetwork)); ONNX needs a graph. A file appears whole or not at all, and \
      replaces one of the same name.

      A DEST that ends in / is a model's folder: the weights, and the other files of the folder from which \
      FILE was converted. In config.json, only the sizes of the sub-network change. If no config.json can \
      describe the sub-network, nothing is written. Experts and layers get new numbers. README.md is a new one, \
      with the task and the level.

      If the checkpoint has the state of an optimizer, a DEST .pt is a training checkpoint: the model and the \
      state_dict of the optimizer, for the parameters of the sub-network. Parameters are numbered in their order; \
      groups stay. Other files get the tensors of the state alone, and folders the weights alone.

      If FILE was converted from GGUF, a GGUF file has the metadata of the model, with the feed-forward \
      widths and the numbers of heads of the sub-network. Any other change is refused.

      If `tessera convert --add` added an input for the task, only its own tensors are written. So an \
      adapter comes back as its PEFT folder. ONNX has all tensors of the task.

      --budget selects the highest-numbered level that fits. It is a number of parameters (1.9M, 500k, \
      7,380,276) or of bytes (64MB, 2GiB). The sub-networks are counted under --policy, else the plan's \
      policy, else all-stored. With a graph, the budget may also be the multiply-adds of a run (1.5GMAC), \
      as count --work counts them, or with --measure the median time of a run (3ms): the levels are timed \
      from the highest down, until one fits. An .onnx file also holds the integer constants of its graph (indices and \
      shapes). If it exceeds the budget with these, nothing is written.

      Example:
        tessera extract model.h5 small.safetensors --task digits --level 2
        tessera extract model.h5 small.npz --task digits --budget 64kB
        tessera extract llama.h5 small/ --level 2
        tessera extract model.h5 small.onnx --budget 3ms --measure --threads 1
      """)

  @Argument(help: "The unit checkpoint.")
  var file: String

  @Argument(help: "The file to write, or a folder (small/).")
  var dest: String

  @Option(help: "The task. Required if there are several.")
  var task: String?

  @Option(
    help: "The level, by number (from 1) or by name. Not needed if the task has one level.")
  var level: String?

  @OptionGroup var limit: BudgetOption

  @Option(help: "The counting policy for --budget: a name, or the path of a file.")
  var policy: String?

  @Flag(help: "For a --budget in milliseconds: time runs of the levels on seeded random inputs.")
  var measure = false

  @OptionGroup var measuring: MeasuringOptions

  @Flag(
    name: .customLong("per-layer-config"),
    help: """
      For a folder: if widths differ between layers, write them as per_layer_config. transformers reads it from version \
      5.15, but can build few models with it.
      """)
  var perLayerConfig = false

  @Flag(help: "Print JSON (schemas/extract.schema.json).")
  var json = false

  @OptionGroup var writing: WritingOptions

  func validate() throws {
    guard destinationKind != nil else {
      throw ValidationError(
        "DEST '\(dest)': expected a name that ends in \(FlatFormats.endings(for: .subNetwork)), or a folder's, that ends in /"
      )
    }
    if perLayerConfig, destinationKind != .shardedSafetensors {
      throw ValidationError("--per-layer-config needs a folder as DEST (small/)")
    }
    try limit.check(level: level, isMeasuring: measure)
    try limit.check(policy: policy, isMeasuring: measure)
    if try limit.workBudget() == nil {
      try measuring.requireUnused(users: "a --budget in multiply-adds or milliseconds")
    }
    try DeclaredFiles.require(("DEST", dest), apartFrom: ["FILE": file, "--policy": policy])
  }

  func run() throws {
    if writing.noClobber, destinationKind != .shardedSafetensors, FileIdentity(path: dest) != nil {
      throw TesseraError(sentence: "\(dest): expected no file of that name (-n), found one")
    }
    let opened = try OpenedFile(file, usesHeaders: false)
    guard let checkpoint = try opened.checkpoint else {
      throw TesseraError(
        sentence:
          "\(file): expected a unit checkpoint, found flat weights; 'tessera convert --plan' makes one of them"
      )
    }
    let choice = NetworkChoice(
      opened, checkpoint, task: task, level: level, budget: try limit.value(), policy: policy,
      work: try measuring.settings())
    let chosen = try choice.network()
    let (network, resolved) = (chosen.network, chosen.plan)
    let subNetwork = try SubNetwork(network, of: checkpoint)
    var written: GraphExtraction.Written?
    var extracted = subNetwork
    var folder: FolderExtraction?
    var added: AddedExtraction?
    if destinationKind == .onnx {
      guard let graph = try opened.network else {
        throw TesseraError(
          sentence: "\(file): expected a checkpoint with a graph to write ONNX from, found one without; "
            + "expected a DEST of tensors alone, such as .safetensors")
      }
      var bar: ProgressBar?
      defer { bar?.finish() }
      written = try GraphExtraction(subNetwork, of: checkpoint, graph, plan: resolved).write(to: dest) {
        done, total in
        if bar == nil { bar = ProgressBar("extracting", total: total) }
        bar?.update(done)
      } accept: { added, unused in
        try choice.requireFit(of: network, with: added, without: unused, resolved)
      }
    } else if let own = try addedInput(of: subNetwork, checkpoint) {
      try write(own)
      added = own
    } else {
      // This is checked before anything is written, because the graph may be damaged.
      let node = try opened.network?.gathering(network, plan: resolved)
      (folder, extracted) = try write(subNetwork, of: checkpoint)
      if let node {
        Output.standardError(
          "note: the tensors alone are not a network: \(PrintableText.line(node)) selects some of the channels that reach it; a DEST that ends in .onnx also has the graph\n"
        )
      }
    }
    KerasNote.report(of: dest)
    let extraction = Extraction(
      extracted, of: checkpoint, written, folder, added, destination: dest,
      chosen.budgeted.map(BudgetReport.init))
    try json
      ? Output.standardOutput(json: extraction.json) : Output.standardOutput(extraction.text)
  }

  private var destinationKind: FlatFormatKind? { Extracting.kind(forName: dest) }

  /// The extraction of an added input's own tensors; nil for other tasks.
  private func addedInput(of subNetwork: SubNetwork, _ checkpoint: UnitCheckpoint) throws -> AddedExtraction?
  {
    guard let kind = destinationKind else { return nil }
    return try AddedExtraction(
      subNetwork, of: checkpoint, as: kind, at: dest, isOpaque: writing.opaque,
      isReplacing: !writing.noClobber)
  }

  private func write(_ added: AddedExtraction) throws {
    var bar = ProgressBar("extracting", total: added.byteCount)
    defer { bar.finish() }
    try added.write { bar.update($0) }
    bar.finish()
    if added.companions.isEmpty { return }
    let names = added.companions.map { PrintableText.line($0.name) }.joined(separator: ", ")
    Output.standardError(
      WrappedSentence.text(
        "beside the weights: \(names)", width: Output.errorIsTerminal ? Terminal.errorWidth : nil))
  }

  /// Returns what was written beside the weights, and the tensors that were written.
  private func write(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint
  ) throws -> (FolderExtraction?, SubNetwork) {
    guard let kind = destinationKind else {
      throw TesseraError(sentence: "\(dest): no format has that name")
    }
    let extracting = try Extracting(
      subNetwork, of: checkpoint, as: kind, at: dest, isOpaque: writing.opaque,
      isReplacing: !writing.noClobber, widths: perLayerConfig ? .perLayer : .uniform)
    var bar = ProgressBar("extracting", total: extracting.byteCount)
    defer { bar.finish() }
    try extracting.write { bar.update($0) }
    bar.finish()
    let width = Output.errorIsTerminal ? Terminal.errorWidth : nil
    Output.standardError(LeftOutList(extracting.leftOut.map { ($0.name, $0.why) }).text(width: width))
    guard let folder = extracting.folder else { return (nil, extracting.subNetwork) }
    if !folder.hasConfiguration {
      Output.standardError("note: the checkpoint was made without a config.json, so none is written\n")
    }
    if folder.files.isEmpty { return (folder, extracting.subNetwork) }
    let names = folder.files.map { PrintableText.line($0.name) }.joined(separator: ", ")
    Output.standardError(WrappedSentence.text("beside the weights: \(names)", width: width))
    let missing = folder.missingFolders.map { PrintableText.line($0) }
    if !missing.isEmpty {
      Output.standardError(
        WrappedSentence.text(
          "warning: copy these folders of modules.json from the original folder, or the model does not load: "
            + missing.joined(separator: ", "), width: width))
    }
    if !folder.changes.isEmpty {
      let words = folder.changeWords.joined(separator: ", ")
      Output.standardError(WrappedSentence.text("config.json: \(words)", width: width))
    }
    if let note = folder.note { Output.standardError(WrappedSentence.text(note, width: width)) }
    return (folder, extracting.subNetwork)
  }
}

extension Extraction {
  /// - Parameter written: the tensors of an ONNX model, including those that its graph adds; nil if all tensors were
  ///   written.
  /// - Parameter added: the added input whose own tensors were written; nil for a sub-network.
  fileprivate init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, _ written: GraphExtraction.Written?,
    _ folder: FolderExtraction?, _ added: AddedExtraction?, destination: String, _ budget: BudgetReport?
  ) {
    let network = subNetwork.network
    let (parameters, bytes) =
      written.map { ($0.parameters, $0.bytes) } ?? added.map { ($0.parameters, $0.byteCount) }
      ?? subNetwork.totals
    let (data, index) = checkpoint.byteCountsRead
    self.init(
      file: checkpoint.path, destination: destination, task: network.task.text, level: network.level.value,
      levelName: network.levelName, units: network.orderedUnits().map(\.index),
      tensors: written?.tensors ?? added?.tensors ?? subNetwork.tensors.count,
      parameters: ParameterCount(parameters), bytes: ByteCount(bytes), bytesRead: ByteCount(data),
      indexBytes: ByteCount(index), graphTensors: written?.added ?? [],
      companions: folder?.files.map(\.name) ?? added?.companions.map(\.name) ?? [],
      configuration: folder?.changes ?? [], baseTensors: added?.baseTensors,
      budget: budget)
  }
}
