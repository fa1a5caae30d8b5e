internal import Accounting
internal import ArgumentParser
internal import ByteFiles
internal import Reporting
internal import Studies
internal import Tessera

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare methods under one counting policy, with the uncertainty of their accuracies.",
    usage: "tessera compare <study> [<options>]",
    discussion: """
      Read a study (schemas/study.schema.json). It lists methods, one common policy, and accuracies. Each \
      method has a file or a plan to count, or cited numbers. The accuracies of each seed are in the study \
      or in a CSV file. Paths are relative to the study's folder.

      For each pair of methods with matching budgets, test whether their accuracies differ. The test is a \
      paired t-test if they share seeds, and Welch's t-test if not. For a single run, only the sampling \
      error of the test set is used. Print bootstrap intervals, effect sizes, almost stochastic order \
      (ASO), and p-values with Holm's correction over all tests of the study. List the pairs of methods \
      whose order by size changes under another policy, and the parameters that are counted for one method \
      only.

      Print Markdown, or JSON with --json. --svg also plots accuracy against parameters. --differences plots \
      the difference of each tested pair with its interval. --page writes tables and plots as one HTML file \
      that needs no network.

      Example:
        tessera compare study.json
        tessera compare study.json --policy all-stored --json
        tessera compare study.json --svg front.svg
        tessera compare study.json --page study.html
      """)

  @Argument(help: "The study.")
  var study: String

  @Option(help: "Count under this policy instead of the study's: a name, or the path of a file.")
  var policy: String?

  @Option(help: "Also write the plot to this path.")
  var svg: String?

  @Option(help: "Also write a plot of the differences to this path.")
  var differences: String?

  @Option(help: "Also write tables and plots as a page to this path.")
  var page: String?

  @Flag(help: "Print JSON (schemas/compare.schema.json).")
  var json = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    for picture in pictures where !picture.path.lowercased().hasSuffix(".svg") {
      throw ValidationError("\(picture.option) '\(picture.path)': expected a name that ends in .svg")
    }
    if let page, ![".html", ".htm"].contains(where: page.lowercased().hasSuffix) {
      throw ValidationError("--page '\(page)': expected a name that ends in .html")
    }
    for output in [("--svg", svg), ("--differences", differences), ("--page", page)] {
      try DeclaredFiles.require(output, apartFrom: ["STUDY": study, "--policy": policy])
    }
  }

  /// The pictures that were asked for, and where they go.
  private var pictures: [(option: String, path: String, picture: KeyPath<StudyReport, String>)] {
    [("--svg", svg, \StudyReport.svg), ("--differences", differences, \StudyReport.differences)].compactMap {
      option, path, picture in path.map { (option, $0, picture) }
    }
  }

  func run() throws {
    let study = try read()
    let policies = try policies(of: study)
    var inventories: [String: Inventory] = [:]
    for method in study.methods {
      guard let file = method.file else { continue }
      var source = try CountSource(
        DocumentFile.path(file, beside: self.study), reading.choices)
      try source.readValues(for: policies)
      inventories[method.name] = source.inventory
    }
    let analysis: StudyAnalysis
    do { analysis = try StudyAnalysis(study, inventories: inventories, policies: policies) } catch {
      throw TesseraError(sentence: "\(self.study): \(error)")
    }
    let report = StudyReport(analysis)
    for (_, path, picture) in pictures {
      let file = try AtomicFile(path: path)
      try file.write(Array(report[keyPath: picture].utf8), at: 0)
      try file.commit()
    }
    if let page { try WrittenPage.write(report.page, to: page, isQuiet: true) }
    try json
      ? Output.standardOutput(json: report.json) : Output.standardOutput(report.markdown)
  }

  private func read() throws(TesseraError) -> Study {
    var failure: TesseraError?
    do throws(TesseraError) {
      return try DocumentFile.read(study, limit: Study.sizeLimit, as: "a study") { bytes in
        try Study(parsing: bytes) { (path) throws(AccountingError) in
          do throws(TesseraError) {
            return try DocumentFile.read(
              DocumentFile.path(path, beside: study), limit: Study.sizeLimit, as: "results"
            ) { $0 }
          } catch {
            failure = error
            throw .missingMember(place: "results", key: path)
          }
        }
      }
    } catch { throw failure ?? error }
  }

  /// The common policy first, then the other requested policies.
  private func policies(of study: Study) throws(TesseraError) -> [CountingPolicy] {
    var policies: [CountingPolicy] = []
    if let policy {
      policies.append(try PolicyFile.read(policy))
    } else {
      policies.append(try PolicyFile.read(study.policy, beside: self.study))
    }
    for name in study.policies ?? PolicyPreset.general.map(\.rawValue) {
      let other = try PolicyFile.read(name, beside: self.study)
      if !policies.contains(where: { $0.digest == other.digest }) { policies.append(other) }
    }
    return policies
  }
}
