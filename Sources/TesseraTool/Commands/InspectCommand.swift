internal import Accounting
internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "List the tensors of a file, and the units, tasks and levels of a unit checkpoint.",
    usage: "tessera inspect <file> [<options>]",
    discussion: """
      Read a unit checkpoint or a \(FlatFormats.names) file. The format is recognised by content. Only the header or the index is read. --stats, and --digests of a flat file, read every \
      byte.

      FILE may also be the folder of a model with its shards, or of a distributed checkpoint of PyTorch (DCP).

      --tree prints the totals of tensors, elements and bytes for each module. A module is the part of a \
      name before a dot or a slash.

      With --stats, minimum and maximum include infinities and ignore NaN. Mean and standard deviation \
      (population, divided by n) use only finite elements, and their sums are exact. Complex numbers have \
      no minimum or maximum. A complex number is NaN or Inf if one of its parts is.

      Nothing in a PyTorch file (.pt, .pth, .bin, .ckpt) is ever run. A tensor is named by its path of \
      keys, joined by dots. If one top entry holds the model and is named state_dict, model_state_dict, \
      model_state, model, net, network, module, weights or params, tensor names do not include that name. \
      NumPy arrays and scalars are tensors too.

      A tensor of Flax is named by its keys, joined by slashes. FILE may also be the index or the prefix of \
      a TensorFlow checkpoint, or the folder of a SavedModel. Its variables are named as in the program; the \
      metadata say so if the paths of objects are their names instead.

      All other parts of a file are listed as left out, with the reason: optimizer states, sparse and \
      quantised tensors, tensors of unknown classes, arrays of text or Python objects, files that are not \
      arrays.

      Example:
        tessera inspect model.h5
        tessera inspect weights.safetensors --tree --depth 2
        tessera inspect weights.safetensors --stats --match 'encoder.*' --sort std
        tessera inspect weights.safetensors --json --digests
        tessera inspect model.h5 --format cyclonedx > model.cdx.json
      """)

  @Argument(help: "The file to inspect.")
  var file: String

  @Flag(help: "Print only the plan of a unit checkpoint.")
  var plan = false

  @Flag(help: "Print JSON (schemas/inspect.schema.json). The same as --format json.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "The form of the output: text, json or cyclonedx.",
      discussion:
        "cyclonedx is a CycloneDX 1.6 document with one component: digests of all files, format, dtypes and counts. It reads every byte."
    ))
  var format = Format.text

  @Flag(help: "Also print the digests: the SHA-256 of every tensor's bytes, and one of the model.")
  var digests = false

  @Flag(
    help: ArgumentHelp(
      "Also print minimum, maximum, mean, standard deviation, zeros, NaN and Inf of every tensor.",
      discussion: "This reads every byte, on all cores. --json adds a histogram over powers of two."))
  var stats = false

  @Flag(help: "List modules and the totals of their tensors, instead of tensors.")
  var tree = false

  @Option(help: ArgumentHelp("With --tree: list at most this many levels of modules.", valueName: "n"))
  var depth: Int?

  @Option(
    help: ArgumentHelp(
      "Sort by file, name or size; with --stats also by zeros, std or max (the largest |x|).",
      discussion: "By default, tensors are in the order of the file, with counters and other scalars last.",
      valueName: "order"))
  var sort: String?

  @OptionGroup var match: MatchOption

  @OptionGroup var reading: ReadingOptions

  /// The form of the output.
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, cyclonedx }

  func validate() throws {
    if json, format == .cyclonedx {
      throw ValidationError("--json: expected no --format cyclonedx beside it")
    }
    if format == .cyclonedx, plan || stats || tree || digests || match.isGiven || sort != nil {
      throw ValidationError(
        "--format cyclonedx is about the whole model; expected no option that selects or adds")
    }
    if let depth {
      guard tree else { throw ValidationError("--depth goes with --tree") }
      guard depth >= 0 else { throw ValidationError("--depth: expected at least 0, found \(depth)") }
    }
    if tree, stats || digests {
      throw ValidationError(
        "--tree lists modules, \(stats ? "--stats" : "--digests") lists tensors; give one of them"
      )
    }
    if plan, stats || tree || digests || json || format != .text || match.isGiven || sort != nil {
      throw ValidationError("--plan prints only the plan; expected no other option")
    }
    guard let sort else { return }
    guard let order = ListingOrder(rawValue: sort) else {
      let names = ListingOrder.allCases.map(\.rawValue)
      throw ValidationError(
        "--sort: expected one of \(names.joined(separator: ", ")), found '\(sort)'"
          + (nearestName(to: sort, among: names).map { "; the nearest name is '\($0)'" } ?? ""))
    }
    if order.needsStatistics, !stats { throw ValidationError("--sort \(sort) goes with --stats") }
    if tree, order == .name {
      throw ValidationError("--tree is in the order of the file, or with --sort size")
    }
  }

  func run() throws {
    let opened = try OpenedFile(file, reading.choices)
    if plan {
      guard let checkpoint = try opened.checkpoint else {
        throw TesseraError(sentence: "\(file): --plan: expected a unit checkpoint, found flat weights")
      }
      return try Output.standardOutput(String(decoding: checkpoint.planText, as: UTF8.self))
    }
    let inspection = try FileInspection(
      file: file, hasDigests: digests,
      hasModelDigest: format == .cyclonedx || digests && !match.isGiven, hasStatistics: stats,
      view: Inspection.View(
        all: match.isGiven ? 0 : nil, order: sort.flatMap(ListingOrder.init(rawValue:)),
        tree: tree ? Inspection.Tree(depth: depth) : nil), places: { try match.places(in: $0, of: file) }
    ).inspection(of: opened)
    switch json ? .json : format {
    case .text: try Output.standardOutput(inspection.painted(width: Terminal.width))
    case .json: try Output.standardOutput(json: inspection.json)
    case .cyclonedx:
      let component = try component(inspection, opened)
      try Output.standardOutput(json: component.json(version: TesseraCommand.version))
    }
  }

  /// The model as a component of a bill of materials.
  private func component(_ inspection: Inspection, _ opened: OpenedFile) throws -> ComponentReport {
    var counted = try CountSource(opened)
    let policy = try counted.plannedPolicy()
    try counted.readValues(for: [policy])
    let counts = try counted.inventory.counts(under: policy)
    var bar = ProgressBar("hashing", total: try opened.files.reduce(0) { $0 + (SystemPath.size($1) ?? 0) })
    defer { bar.finish() }
    var done = 0
    let digested = try opened.digestedFiles {
      done += $0
      bar.update(done)
    }
    return ComponentReport(
      inspection, name: Self.name(of: file),
      files: digested.files.map { .init(name: $0.name, size: ByteCount($0.size), digest: $0.sha256) },
      others: digested.others, policy: "\(policy.id) \(policy.version)", stored: counts.stored,
      networks: counts.networks)
  }

  /// The last component of a path, also of "." and "..".
  private static func name(of path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? "/"
    guard last == "." || last == ".." else { return last }
    return SystemPath.resolved(path)?.split(separator: "/").last.map(String.init) ?? last
  }
}
