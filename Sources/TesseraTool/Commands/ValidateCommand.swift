internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import StrictJSON
internal import Tensors
internal import Tessera
internal import UnitModel
internal import Validation

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check files and report every defect.",
    usage: "tessera validate <files> ... [<options>]",
    discussion: """
      Check unit checkpoints, safetensors, sets of shards, npz, npy, PyTorch (also distributed checkpoints), \
      GGUF, Keras and other HDF5 files, and those of Flax and TensorFlow, against every rule of their formats. Check \
      that an ONNX model can be read, that exactly one node makes each value, and that the nodes have no cycle. In a \
      folder, check every file of these formats, and list the others. \
      In a folder of a Hugging Face model, also compare config.json with the tensors and with the tokenizer.

      A tessera.toml has a project's own rules for its files: dtypes, tensors, sizes, counts, formats, \
      digests. Each one in the folder of the argument, or above it up to a folder with .git, is applied.

      Each file gets one line with the result, the format, and the part that was read. Without --deep, the \
      data of tensors is not read.

      A finding is a note, a warning or an error. Truncation and corruption are findings. The exit code is \
      1 if there is a warning or an error (--fail-on changes this). It is 2 if a file cannot be read or \
      recognised, or uses an unsupported feature; the other files are still checked.

      A pickle refers to Python classes and functions by name. A name of plain data (NumPy scalars, \
      argparse.Namespace, paths) gives a note, a name that can run code an error, and any other name a \
      warning.

      The rules, with what each requires:
      \(RuleID.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))

      Examples:
        tessera validate --deep model.h5
        tessera validate --format json models/*.h5
        tessera validate downloaded-model/
        tessera validate model.pt --allow-globals ours.txt --fail-on error
        tessera validate --deep model.safetensors --rule non-finite=error \\
          --allow-minus-infinity '*.mask'
        tessera validate --format junit model.h5 > report.xml
        tessera validate --deep --project ci/tessera.toml models/
        tessera validate --signature model.sig downloaded-model/
      """)

  @Argument(help: "The files to check.")
  var files: [String]

  @Flag(help: "Also read all data, and verify checksums and digests.")
  var deep = false

  @Option(help: "The format of the findings: text, json, github, sarif or junit.")
  var format = Format.text

  @Flag(help: "The same as --format json.")
  var json = false

  @Option(
    name: .customLong("fail-on"), help: "The lowest severity that gives exit code 1: error, warning or note.")
  var failOn = Severity.warning

  @Option(
    name: .customLong("rule"),
    help: ArgumentHelp(
      "Set the severity of a rule: error, warning, note or off (repeatable).", valueName: "id=severity"),
    transform: RuleSetting.init)
  var rules: [RuleSetting] = []

  @Flag(help: "Also report parts that are not checked: files of a folder, added parts of a checkpoint.")
  var strict = false

  @Option(
    name: .customLong("allow-globals"),
    help: ArgumentHelp(
      "Accept the names in pickles that FILE lists, one module.name on each line (repeatable).",
      discussion: "* matches anything; # begins a comment. Give a name that can run code in full, without *.",
      valueName: "file"))
  var allowGlobals: [String] = []

  @Option(
    name: .customLong("allow-minus-infinity"),
    help: ArgumentHelp(
      "Accept -Inf in tensors whose name matches PATTERN, such as masks (repeatable).", valueName: "pattern"))
  var maskPatterns: [String] = []

  @Option(
    help: ArgumentHelp(
      "Apply the project's rules in FILE alone, without searching for a tessera.toml.", valueName: "file"))
  var project: String?

  @Flag(name: .customLong("no-project"), help: "Ignore tessera.toml.")
  var noProject = false

  @Flag(help: "Compare all files with each tessera.lock in their folder or above. Implies --deep.")
  var locked = false

  @Option(
    help: ArgumentHelp("Compare all files with the lock FILE alone. Implies --locked.", valueName: "file"))
  var lock: String?

  @Option(
    help: ArgumentHelp(
      "Compare all files with the digests in FILE, a signature by OpenSSF's model_signing.",
      discussion: "The signature itself, and the identity of the signer, are not verified.", valueName: "file"
    ))
  var signature: String?

  @OptionGroup var reading: ReadingOptions

  /// How findings are printed.
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, github, sarif, junit }

  func validate() throws {
    if project != nil, noProject { throw ValidationError("expected either --project or --no-project") }
    if files.isEmpty { throw ValidationError("expected at least one file") }
    if json && format != .text && format != .json {
      throw ValidationError("--json: expected no other --format beside it, found \(format.rawValue)")
    }
    if !isDeep, let setting = rules.first(where: { $0.rule.isDeep && $0.severity != nil }) {
      throw ValidationError(
        "--rule \(setting.rule.rawValue): expected --deep beside it, since the rule reads the tensors' data")
    }
    if !isDeep, !maskPatterns.isEmpty {
      throw ValidationError(
        "--allow-minus-infinity: expected --deep beside it, since only then the tensors' data is read")
    }
    if let wrong = maskPatterns.first(where: { NamePattern($0) == nil }) {
      throw ValidationError(
        "--allow-minus-infinity: expected a pattern with at most \(NamePattern.wildcardLimit) wildcards, "
          + "found '\(wrong.prefix(80))'")
    }
  }

  func run() throws {
    // The total of folders is unknown.
    let sizes = files.map { isDeep && !FolderValidation.isFolder($0) ? SystemPath.size($0) : nil }
    var bar = ProgressBar(
      "checking", total: sizes.contains(nil) ? 0 : sizes.compactMap(\.self).reduce(0, +))
    defer { bar.finish() }
    var done = 0
    func advance(_ bytes: Int) {
      done += bytes
      bar.update(done)
    }
    var validating = try Validating(
      files, try options(),
      try ProjectSearch(project: project, isOff: noProject, lock: lock, isLocked: locked),
      signature: signature,
      progress: advance)
    var verdicts: [FileVerdict] = []
    for path in files {
      verdicts += try validating.verdicts(on: path, progress: advance) {
        Self.check(path, $0, progress: advance)
      }
    }
    verdicts += validating.verdictOnSignature.map { [$0] } ?? []
    bar.finish()
    let report = FindingsReport(files: verdicts, failOn: failOn, documents: validating.documents)
    switch json ? .json : format {
    case .text: try Output.standardOutput(report.text)
    case .json: try Output.standardOutput(json: report.json)
    case .github: try Output.standardOutput(report.githubAnnotations, as: .commands)
    case .sarif: try Output.standardOutput(json: report.sarif(version: TesseraCommand.version))
    case .junit: try Output.standardOutput(report.junit, as: .xml)
    }
    if let last = report.failures.last {
      for sentence in report.failures.dropLast() { TesseraError(sentence: sentence).report() }
      throw TesseraError(sentence: last)
    }
    if !report.isClean { throw ExitCode(1) }
  }

  /// Whether all data are read.
  private var isDeep: Bool { deep || locked || lock != nil }

  private func options() throws -> ValidationOptions {
    var options = ValidationOptions()
    options.deep = isDeep
    options.reading = reading.choices
    options.strict = strict
    options.maskPatterns = maskPatterns.compactMap(NamePattern.init)
    for setting in rules { options.severities[setting.rule] = .some(setting.severity) }
    for path in allowGlobals {
      options.allowedGlobals.add(try AllowListFile.read(path))
    }
    return options
  }

  /// Checks a file, or the files of a folder. A file that cannot be checked gets a verdict with the reason.
  static func check(
    _ path: String, _ options: ValidationOptions, progress: @escaping (Int) -> Void
  ) -> [FileVerdict] {
    if FolderValidation.isFolder(path) {
      return FolderValidation.check(folder: path, options, progress: progress)
    }
    do {
      return [try FileValidation.check(try ReadableFile(path: path), options, progress: progress)]
    } catch UncheckableFile.notRecognised {
      // For a file of unknown format, opening throws a description of its content.
      do { _ = try OpenedFile(path) } catch { return [FileVerdict(path: path, failure: "\(error)")] }
      return [FileVerdict(path: path, failure: "\(path): \(UncheckableFile.notRecognised)")]
    } catch {
      return [FileVerdict(path: path, failure: "\(error)")]
    }
  }
}

extension Severity: ExpressibleByArgument {}
