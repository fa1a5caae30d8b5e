internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import SubNetworks
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert flat weights to a unit checkpoint, back, or to another flat format.",
    usage: """
      tessera convert <source> <dest> [<options>]
      tessera convert --join <dest>
      tessera convert --merge <dest>
      """,
    discussion: """
      The ending of DEST sets its format: .h5 or .hdf5 for a unit checkpoint, \
      \(FlatFormats.endings(for: .conversion)) for a flat file. .pth, .bin and .ckpt are PyTorch files, \
      too. .keras is a Keras archive, which is written only from one. Converting back to safetensors or \
      GGUF gives the identical file. A checkpoint that was made from a Keras or other HDF5 file is also converted back \
      to .h5, which gives the identical file, if everything but its tensors takes at most 64 MiB. \
      Every other format keeps the same tensor bytes. A file appears whole or not at all, and replaces one \
      of the same name.

      If SOURCE is a folder, its configuration, tokenizer, licence and similar files are kept in the \
      checkpoint, and written again if DEST is a folder. All files that are left out are listed.

      For sharded safetensors, give the *.safetensors.index.json or its folder as SOURCE. If DEST is an \
      index or a folder (an existing one, or a path that ends in /), a set of shards with an index is \
      written. The shards are those of the original set, or new ones of at most --shard-size. The index is \
      written last. Old shards that the new index does not name are then removed. A kill during the last \
      renames leaves a folder without an index; convert again. The __metadata__ of the shards is kept; if \
      several shards have the same key, the text in the first one is kept. The metadata of an index goes \
      to the new index. If DEST is a single file, it keeps only those metadata of the index that are text.

      A distributed checkpoint of PyTorch (DCP) is a folder with .metadata, or with the safetensors of all \
      ranks; give the folder as SOURCE. Its pieces are put together. It is only read. \
      Flax's msgpack and TensorFlow's checkpoints (X.index, the prefix X, or the folder of a SavedModel) are \
      only read.

      --part 3/8 converts an eighth of the tensors, to model-00003-of-00008.h5 for DEST model.h5. Any number \
      of processes or machines can convert the parts; they need the same SOURCE, DEST and options. A part \
      that was stopped leaves nothing under its name; run it again. --join model.h5 then lists the parts in \
      model.h5.index.json, which every command reads as one checkpoint. --merge model.h5 makes one file of \
      them, the same as without parts.

      Nothing in a PyTorch file is ever run. `tessera inspect --help` explains the names of its tensors. \
      Optimizer states are left out and listed, unless --with-optimizer takes one along. Any other part that \
      cannot be read (`inspect` lists them) is an error, unless --leave-out accepts the loss. PyTorch files from Tessera load with \
      weights_only=True, and tied tensors stay tied.

      The blocks of a GGUF file (Q4_K, Q8_0, …) are kept as they are, and cut only between blocks. No other \
      flat format has them; --dequantise writes their values as F32. A GGUF file from another format has no \
      metadata, which llama.cpp needs to run a model.

      --add puts several inputs into one checkpoint, such as a base and its LoRA adapters (PEFT folders with \
      adapter_config.json). Each added input gets a task of its own name, with one level of all units. The \
      task uses its own tensors, and those of SOURCE that they do not replace. With --take, or with \
      `tessera extract`, an added input comes back as it was; without --take, SOURCE comes back, and the \
      added inputs are listed. Without --plan, the task of SOURCE is named base.

      With --with-optimizer, the tensors of the optimizer's state are stored beside the model's, as \
      optimizer.state.PARAMETER.MOMENT. They are cut like their parameters, and never counted as parameters. \
      A DEST .pt, also of `tessera extract`, gets the state_dict of the optimizer again, with all settings, \
      for the parameters that it has. Other files get the tensors alone, and folders the weights alone; \
      --take optimizer writes the state alone. An optimizer built from model.named_parameters() has the names of \
      its parameters. Numbers are matched with names by order and shape, and refused if several orders fit.

      The checkpoint keeps the graph of an ONNX model, and converting back gives the same file. Before \
      anything is written, the outputs of sub-networks are compared with those of the masked network: the \
      whole network, with every channel outside the sub-network set to zero. If they differ, or if the \
      plan contradicts the graph, the plan is refused. The message names the node.

      Example:
        tessera convert weights.safetensors model.h5 --plan plan.json
        tessera convert model.h5 back.safetensors
        cmp weights.safetensors back.safetensors
        tessera convert model.h5 sharded/ --shard-size 2GB
        tessera convert base/ model.h5 --add sql=adapter/ --add chat=chat/
        tessera convert model.h5 adapter-again/ --take sql
        tessera convert training.pt ema.safetensors --root model_ema.module
        tessera convert training.pt model.h5 --plan plan.json --with-optimizer
        tessera convert big/ big.h5 --plan plan.json --part 3/8
        tessera convert --join big.h5
      """)

  @Argument(
    help: ArgumentHelp(
      "The file to convert, or the folder of a sharded set or of a distributed checkpoint.",
      valueName: "source"))
  var input: String?

  /// The file to convert; with `--join` and `--merge`, DEST. Empty if it was not given.
  var source: String { input ?? "" }

  @Argument(help: "The file to write, or the folder for a set of shards.")
  var dest: String?

  @Option(help: "The plan (schemas/plan.schema.json). Default: one unit.")
  var plan: String?

  @Flag(help: "Compress the tensors of a unit checkpoint (shuffle and deflate, which every HDF5 tool reads).")
  var compress = false

  @OptionGroup var add: AddOption

  @Option(
    help: ArgumentHelp(
      "Write the input that was added to a checkpoint as NAME, instead of the first input.",
      valueName: "name"))
  var take: String?

  @OptionGroup var optimizer: OptimizerOption

  @OptionGroup var sets: SetOptions

  @OptionGroup var root: RootOption

  @Flag(
    help: ArgumentHelp(
      "Convert block-quantised tensors of SOURCE (GGUF) to F32.",
      discussion: "For Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K and Q6_K."))
  var dequantise = false

  @OptionGroup var writing: WritingOptions

  @Option(
    help: ArgumentHelp(
      "Write new shards of at most this many tensor bytes: 5GB, 500MB, 1GiB, 4096.",
      discussion: """
        A larger tensor gets a shard of its own. kB is 1000 bytes. By default, a set keeps its shards, and \
        a new set has shards of 5GB.
        """,
      valueName: "bytes"))
  var shardSize: String?

  @Flag(
    help: "Do not compare the outputs of sub-networks with those of the masked network.")
  var noProve = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var leaveOut: LeaveOutOption

  func validate() throws {
    if sets.join || sets.merge { return try validateSet() }
    guard input != nil else { throw ValidationError("Missing expected argument '<source>'") }
    guard let dest else { throw ValidationError("Missing expected argument '<dest>'") }
    guard let destination else {
      throw ValidationError(
        "DEST '\(dest)': expected a name that ends in .h5, .hdf5, \(FlatFormats.endings(for: .conversion)), or a folder's, that ends in /"
      )
    }
    if shardSize != nil {
      guard destination == .flat(.shardedSafetensors) else {
        throw ValidationError("--shard-size is for sets of shards, but DEST '\(dest)' is one file")
      }
      _ = try shardByteCount()
    }
    if compress, case .flat = destination {
      throw ValidationError("--compress compresses a unit checkpoint, but DEST '\(dest)' is a flat file")
    }
    if plan != nil, case .flat = destination {
      throw ValidationError("--plan cuts a unit checkpoint, but DEST '\(dest)' is a flat file")
    }
    try DeclaredFiles.require(
      ("DEST", dest), apartFrom: ["SOURCE": source, "--plan": plan, "--parameter-order": optimizer.order])
    try add.require(apartFrom: dest)
    if !add.texts.isEmpty, case .flat = destination {
      throw ValidationError("--add makes a unit checkpoint, but DEST '\(dest)' is a flat file")
    }
    if take != nil, case .checkpoint = destination {
      throw ValidationError("--take writes flat weights, but DEST '\(dest)' is a unit checkpoint")
    }
    try optimizer.require(
      isAdding: !add.texts.isEmpty, isTaking: take != nil, isFolder: destination == .flat(.shardedSafetensors)
    )
    if try sets.numbers() != nil, CheckpointSetNames(dest) == nil || destination != .checkpoint {
      throw ValidationError("--part makes unit checkpoints, but DEST '\(dest)' is a flat file")
    }
  }

  func run() throws {
    if sets.join || sets.merge { return try assemble() }
    if writing.noClobber, let existing = try existingDestination() {
      throw TesseraError(sentence: "\(existing): expected no file of that name (-n), found one")
    }
    let opened = try root.applied(to: OpenedFile(source, reading.choices))
    if take != nil, case .flat = try opened.contents {
      throw TesseraError(sentence: "\(source): --take: expected a unit checkpoint, found flat weights")
    }
    if optimizer.isWanted, case .checkpoint = try opened.contents {
      throw TesseraError(
        sentence: "\(source): --with-optimizer: expected a training checkpoint, found a unit checkpoint")
    }
    switch (try opened.contents, destination) {
    case (.flat(let flat), .checkpoint): try cut(dequantised(flat), opened)
    case (.flat(let flat), .flat(let kind)): try rewrite(dequantised(flat), opened, as: kind)
    case (.checkpoint, _) where dequantise:
      throw TesseraError(
        sentence:
          "\(source): --dequantise: expected flat weights, found a unit checkpoint; convert it back first")
    case (.checkpoint(let checkpoint), .flat(let kind)): try join(checkpoint, as: kind)
    case (.checkpoint(let checkpoint), .checkpoint):
      if plan == nil, !compress, add.texts.isEmpty, let kind = try checkpoint.hdf5Kind {
        return try join(checkpoint, as: kind)
      }
      throw TesseraError(
        sentence: "\(source): expected flat weights to cut, found a unit checkpoint; convert it back first")
    case (_, nil): throw TesseraError(sentence: "\(target): no format has that name")
    }
  }

  private func dequantised(_ flat: any FlatWeightsSource) throws(TesseraError) -> any FlatWeightsSource {
    guard dequantise, flat.tensors.contains(where: { $0.spec.dtype.isBlockQuantised }) else { return flat }
    do throws(UnreadValues) { return try DequantisedWeights(flat) } catch {
      throw TesseraError(sentence: "\(source): --dequantise: \(error)")
    }
  }

  private var destination: ConversionTarget? { ConversionTarget(path: target) }

  /// The path of the file to write; with `--part`, that of the part.
  private var target: String {
    let dest = dest ?? ""
    guard let part = try? sets.numbers(), let names = CheckpointSetNames(dest) else { return dest }
    return names.path(part.number, of: part.count)
  }

  /// A file that `-n` protects: DEST, or a safetensors file or an index in the folder DEST.
  private func existingDestination() throws -> String? {
    if case .flat(.shardedSafetensors)? = destination { return try FlatFormats.shards(at: target).first }
    return FileIdentity(path: target) == nil ? nil : target
  }

  private func shardByteCount() throws -> Int? {
    guard let shardSize else { return nil }
    let size = try? Budget(parsing: shardSize)
    // Only a number of digits counts bytes here.
    if let size, size.quantity == .bytes || !shardSize.contains(where: \.isLetter) { return size.limit }
    throw ValidationError(
      "--shard-size: expected a number of bytes such as 5GB, 500MB, 1GiB, 4096, found '\(shardSize)'"
        + (size == nil ? "" : ", which elsewhere is a number of parameters"))
  }

  private func options() throws -> ConversionOptions {
    var options = ConversionOptions()
    options.isCompressed = compress
    options.isOpaque = writing.opaque
    options.shardSize = try shardByteCount()
    options.isReplacing = !writing.noClobber
    options.mayLose = leaveOut.accepts
    options.part = try sets.numbers()
    return options
  }

  private func cut(_ flat: any FlatWeightsSource, _ opened: OpenedFile) throws {
    let added = try add.open(beside: flat, reading.choices)
    let trained = try optimizer.training(flat, opened)
    let cutting = try Cutting(
      flat, of: opened, plan: plan.map { (plan: try PlanFile.read($0), path: $0) }, options(),
      adding: added, trained: trained)
    let resolved = cutting.resolved
    var check = ProgressBar("checking", total: cutting.byteCount)
    let part = try cutting.existingPart(at: target) { check.update($0) }
    check.finish()
    if part.isComplete {
      return try Output.standardOutput(
        "kept \(PrintableText.line(target)): complete, \(Self.tensors(cutting.tensorCount))\n")
    }
    if let reason = part.reason {
      Output.standardError(
        WrappedSentence.text("note: \(target) is written again: it \(reason)", width: errorWidth))
    }
    let proof = try proved(cutting)
    // This takes a quarter of the time of a conversion of 100,000 tensors, so it runs in the background.
    let words = Background {
      cutting.hasGraph ? [] : HalfCutWords.sentences(resolved, .planAgain, isExplained: cutting.isExplained)
    }
    var bar = ProgressBar("cutting", total: cutting.byteCount)
    defer { bar.finish() }
    try cutting.write(to: target) { bar.update($0) }
    bar.finish()
    try tellWritten(cutting.tensorCount)
    if let companions = cutting.companions { report(companions) }
    for input in added { report(kept: input.kept, leftOut: input.leftOut, of: input.task) }
    // Printed after the conversion, so that a failing conversion prints only its error.
    let width = Output.errorIsTerminal ? Terminal.errorWidth : nil
    if let proof { Output.standardError(WrappedSentence.text(proof, width: width)) }
    if plan == nil { Output.standardError("note: no plan (--plan): no tensor is cut\n") }
    for note in resolved.notes { Output.standardError("note: \(note)\n") }
    for note in cutting.notes + added.flatMap(\.notes) {
      Output.standardError(WrappedSentence.text("note: \(PrintableText.line(note))", width: width))
    }
    tellRemarks(of: flat, beside: added, trained)
    for sentence in words.value ?? [] {
      Output.standardError(WrappedSentence.text(sentence, width: width))
    }
    if let plan, resolved.cutsNothing {
      let way = "\(target) is written with every tensor whole; 'tessera plan' shows why nothing is cut"
      Output.standardError(WrappedSentence.text(NothingCut.sentence(plan, way), width: width))
      throw ExitCode(1)
    }
  }

  /// Compares the sub-networks with the whole network, and returns a line with the result.
  private func proved(_ cutting: Cutting) throws -> String? {
    if !cutting.hasGraph { return nil }
    if noProve { return "note: not proved (--no-prove): 'tessera verify' runs every sub-network" }
    switch try cutting.proof() {
    case .proved(let networks, let worst, let end):
      let gap =
        worst == 0
        ? "no difference" : "differences of at most \(VerificationReport.short(worst)) of the output"
      let extent =
        end.map { " up to \(PrintableText.line($0)), which this version does not compute" } ?? ""
      return
        "proved\(extent): \(networks) sub-network\(networks == 1 ? " is equal to its masked network" : "s are equal to their masked networks"), on random inputs (\(gap))"
    case .skipped(let reason): return "note: not proved: \(PrintableText.line(reason))"
    case nil: return nil
    }
  }

  private func join(_ checkpoint: UnitCheckpoint, as kind: FlatFormatKind) throws {
    let joining = try Joining(checkpoint, as: kind, at: target, options(), taking: take)
    var bar = ProgressBar("joining", total: joining.byteCount)
    defer { bar.finish() }
    try joining.write { bar.update($0) }
    bar.finish()
    try tellWritten(joining.tensors.count)
    Output.standardError(LeftOutList(joining.leftOut.map { ($0.name, $0.why) }).text(width: errorWidth))
    for other in joining.others {
      let (words, way) =
        other.name.map { ("\(TensorName($0).quoted), an added input", "--take \($0) writes it") }
        ?? ("the first input", "without --take, it is written")
      Output.standardError(
        WrappedSentence.text(
          "left out: \(words) of \(Self.tensors(other.tensors)); \(way)", width: errorWidth))
    }
  }

  private static func tensors(_ count: Int) -> String { count == 1 ? "1 tensor" : "\(count) tensors" }

  private var errorWidth: Int? { Output.errorIsTerminal ? Terminal.errorWidth : nil }

  /// Reports the other files of SOURCE's folder.
  private func report(_ companions: FolderCompanions) {
    report(
      kept: companions.files.map(\.name), leftOut: companions.leftOut, of: nil,
      byteCount: companions.files.reduce(0) { $0 + $1.bytes.count })
  }

  /// Reports the other files of a folder.
  ///
  /// - Parameter task: the task of an added input; nil for SOURCE.
  private func report(kept: [String], leftOut: [String], of task: String?, byteCount: Int? = nil) {
    func list(_ names: [String]) -> String {
      let shown = names.prefix(6).map { PrintableText.line($0) }.joined(separator: ", ")
      return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
    }
    let side = task.map { " of '\($0)'" } ?? ""
    if !kept.isEmpty {
      let size = byteCount.map { " (\($0.grouped) bytes)" } ?? ""
      Output.standardError(WrappedSentence.text("kept\(side): \(list(kept))\(size)", width: errorWidth))
    }
    if !leftOut.isEmpty {
      Output.standardError(
        WrappedSentence.text(
          "left out\(side): other files of the folder: \(list(leftOut))", width: errorWidth))
    }
  }

  /// Prints the numbers of tensors and bytes of DEST.
  private func tellWritten(_ count: Int) throws {
    let folder = try? FlatFormats.open(folder: target)
    let sizes = (folder?.files ?? [target]).compactMap(SystemPath.size)
    try Output.standardOutput(
      WrittenFile(path: target, tensors: count, files: sizes.count, byteCount: sizes.reduce(0, +)).text)
    KerasNote.report(of: target)
  }

  private func rewrite(_ flat: any FlatWeightsSource, _ opened: OpenedFile, as kind: FlatFormatKind) throws {
    let trained = try optimizer.training(flat, opened)
    let rewriting = try Rewriting(flat, of: opened, as: kind, at: target, options(), trained: trained)
    var bar = ProgressBar("copying", total: rewriting.byteCount)
    defer { bar.finish() }
    try rewriting.write { bar.update($0) }
    bar.finish()
    try tellWritten(rewriting.tensorCount)
    if let companions = rewriting.companions { report(companions) }
    for note in trained?.notes ?? [] {
      Output.standardError(WrappedSentence.text("note: \(PrintableText.line(note))", width: errorWidth))
    }
    tellRemarks(of: flat, beside: [], trained)
    if let settings = trained?.settings(leftOutBy: kind) {
      Output.standardError(LeftOutList([settings].map { ($0.name, $0.why) }).text(width: errorWidth))
    }
  }

  /// Reports the parts of SOURCE and of added inputs that DEST lacks, and the notes of their readers.
  private func tellRemarks(
    of flat: any FlatWeightsSource, beside added: [Adding] = [], _ trained: Training? = nil
  ) {
    leaveOut.report(of: trained?.source ?? Adding.joined(flat, added))
    let reported = ([flat] + added.map(\.source)).flatMap(\.remarks).filter {
      [.foreignGlobal, .codeGlobal, .codeInStorage, .kerasCode, .trailingBytes, .ranksUnknown]
        .contains($0.kind)
    }
    Output.standardError(
      NoteList.text(
        reported.map { (kind: $0.kind.rawValue, isWarning: $0.kind.canRunCode, sentence: $0.sentence) }))
  }
}
