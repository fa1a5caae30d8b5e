internal import ArgumentParser
internal import ByteFiles
internal import Comparison
internal import FlatFormats
internal import Reporting
internal import StrictJSON
internal import TensorStreams
internal import Tensors
internal import Tessera

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page that shows a checkpoint, a flat file, or what differs between two files.",
    usage: "tessera report <file> [<other>] -o <page> [<options>]",
    discussion: """
      Write one HTML file. It contains its style, its program and its data, loads nothing, and needs no \
      network. The data are what inspect, count and validate print with --json. The tables can be read \
      without JavaScript.

      On the page of a unit checkpoint, choose a task, a budget and a policy. The page shows the units of \
      every layer, lit if the sub-network computes them, with parameters and bytes, and with multiply-adds \
      if there is a graph. Open a layer to see its blocks. The page also has the assignment with its \
      affinities, every tensor with digest and statistics, and the findings of validate --deep. For a flat \
      file, it shows the same of everything stored. For two files, it shows the differences that diff finds.

      Without --policy, the page has the plan's own policy, and \(ReportContents.policies.joined(separator: ", ")).

      --accuracy adds accuracies. They come from a CSV file with the columns task, level and accuracy, and \
      optionally seed and test_size; or from JSON with the results of a study.

      The command reads every byte of FILE, for statistics and checks. With --no-values, it reads no tensor \
      data. The page names everything that it leaves out.

      The exit code is 0 if the page was written, also if it shows findings, differences, or claims that do \
      not hold. Use validate, diff and count as gates in CI.

      Example:
        tessera report model.h5 -o model.html
        tessera report model.h5 -o model.html --policy trainable --claims claims.json
        tessera report model.h5 -o model.html --accuracy results.csv --measure
        tessera report old.safetensors new.safetensors -o change.html
      """)

  @Argument(help: "A unit checkpoint, a flat file, or a model's folder.")
  var file: String

  @Argument(help: "A second file, to show what differs.")
  var other: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The page to write. Its name ends in .html.", valueName: "page"))
  var output: String?

  @Option(help: "The title of the page. Default: the name of the file.")
  var title = ""

  @Option(name: .customLong("policy"), help: "The name of a policy, or the path of its file (repeatable).")
  var policies: [String] = []

  @Option(help: "Also check the claims in this file.")
  var claims: String?

  @Option(help: "Also show the accuracies in this file, CSV or JSON.")
  var accuracy: String?

  @Flag(name: .customLong("no-values"), help: "Read no tensor data: no statistics, no checks of data.")
  var noValues = false

  @Flag(name: [.customShort("n"), .long], help: "Fail if the page exists.")
  var noClobber = false

  @Flag(help: "Print the page's own data as JSON (schemas/report.schema.json).")
  var json = false

  @OptionGroup var work: WorkOptions

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    guard output != nil || json else { throw ValidationError("expected -o PAGE, the page to write") }
    if let output, ![".html", ".htm"].contains(where: output.lowercased().hasSuffix) {
      throw ValidationError("-o '\(output)': expected a name that ends in .html")
    }
    if other != nil {
      for (option, isGiven) in [
        ("--policy", !policies.isEmpty), ("--claims", claims != nil), ("--accuracy", accuracy != nil),
        ("--no-values", noValues), ("--measure", work.measure),
        ("--input-shape", !work.measuring.inputShapes.isEmpty),
        ("--json", json),
      ] where isGiven {
        throw ValidationError("\(option) is for a page about one file, found two")
      }
    }
    try DeclaredFiles.require(
      ("-o", output),
      apartFrom: ["FILE": file, "OTHER": other, "--claims": claims, "--accuracy": accuracy])
    for policy in policies {
      try DeclaredFiles.require(("-o", output), apartFrom: ["--policy": policy])
    }
  }

  func run() throws {
    if noClobber, let output, FileIdentity(path: output) != nil {
      throw TesseraError(sentence: "\(output): expected no file of that name (-n), found one")
    }
    if let other {
      guard let output else { return }
      return try WrittenPage.write(try difference(to: other).page(title: title), to: output)
    }
    let report = try ReportContents(
      file: file, title: title, policies: policies, claims: claims, accuracy: accuracy, hasValues: !noValues,
      work: work, reading: reading.choices
    ).report()
    if json { try Output.standardOutput(json: report.json) }
    if let output { try WrittenPage.write(report.page, to: output, isQuiet: json) }
  }

  private func difference(to other: String) throws -> DifferenceReport {
    let first = try OpenedFile(file, reading.choices).source
    let second = try OpenedFile(other, reading.choices).source
    let comparison = WeightsComparison(first, second)
    var bar = ProgressBar("comparing", total: comparison.byteCount)
    defer { bar.finish() }
    let difference = try comparison.run { bar.update($0) }
    return DifferenceReport(
      a: file, b: other, difference: difference, leftOut: (LeftOutList(first), LeftOutList(second)),
      isComplete: first.leftOut.isEmpty && second.leftOut.isEmpty)
  }
}

/// Writes pages, for `report` and `compare`.
enum WrittenPage {
  /// Writes a page that appears whole or not at all, and says so.
  static func write(_ page: PageFile, to path: String, isQuiet: Bool = false) throws {
    let bytes = Array(try page.html(version: TesseraCommand.version).utf8)
    let file = try AtomicFile(path: path)
    try file.write(bytes, at: 0)
    try file.commit()
    let sentence = "wrote \(PrintableText.line(path)): \(bytes.count.grouped) bytes\n"
    if isQuiet { Output.standardError(sentence) } else { try Output.standardOutput(sentence) }
  }
}
