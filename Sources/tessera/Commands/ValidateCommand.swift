internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import Tensors
internal import Validation

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check files and report everything that is wrong with them.",
    usage: "tessera validate <files> ... [<options>]",
    discussion: """
      Checks unit checkpoints by every rule of their layout, and safetensors (also sharded: an index or its folder), \
      npz, npy and PyTorch files by the rules of theirs; of ONNX models that they can be read and every value is made. \
      Every defect of a recognised file is a finding, truncation and corruption included: exit code 1, unless \
      there are only notes. Exit code 2 is for files that cannot be read or recognised, or use what is not \
      supported; the other files are checked all the same. Without --deep the tensors' data is not read.

      Rules: \(RuleID.allCases.map(\.rawValue).joined(separator: ", ")).

      Examples:
        tessera validate --deep model.h5
        tessera validate --format json models/*.h5
        tessera validate --format junit model.h5 > report.xml
      """)

  @Argument(help: "The files to check.")
  var files: [String]

  @Flag(help: "Also read all data and recompute checksums and digests.")
  var deep = false

  @Option(help: "How to print the findings: text, json, github, sarif or junit.")
  var format = Format.text

  @Flag(help: "The same as --format json.")
  var json = false

  @OptionGroup var reading: ReadingOptions

  /// How findings are printed.
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, github, sarif, junit }

  func validate() throws {
    if files.isEmpty { throw ValidationError("expected at least one file") }
    if json && format != .text && format != .json {
      throw ValidationError("--json: expected no other --format beside it, found \(format.rawValue)")
    }
  }

  func run() throws {
    let report = FindingsReport(files: files.map(check))
    switch json ? .json : format {
    case .text: try Output.standardOutput(report.text)
    case .json: try Output.standardOutput(json: report.json)
    case .github: try Output.standardOutput(report.githubAnnotations, as: .commands)
    case .sarif: try Output.standardOutput(json: report.sarif(version: Tessera.version))
    case .junit: try Output.standardOutput(report.junit, as: .xml)
    }
    if let last = report.failures.last {
      for sentence in report.failures.dropLast() { Failure(sentence: sentence).tell() }
      throw Failure(sentence: last)
    }
    if !report.isClean { throw ExitCode(1) }
  }

  /// What the rules say about a folder of weights; nil for anything that is no folder.
  private func checkFolder(_ path: String) throws -> (findings: [Finding], rules: [RuleID])? {
    guard FlatFormats.isFolder(path) else { return nil }
    var bar = ProgressBar("checking", total: 0)
    defer { bar.finish() }
    var done = 0
    return try FileValidation.check(folder: path, deep: deep, assumeDType: reading.assumeDType) {
      done += $0
      bar.update(done)
    }
  }

  private func check(_ path: String) -> FindingsReport.CheckedFile {
    do {
      if let outcome = try checkFolder(path) {
        return .init(path: path, findings: outcome.findings, rules: outcome.rules)
      }
      let file = try ReadableFile(path: path)
      var bar = ProgressBar("checking", total: deep ? file.size : 0)
      defer { bar.finish() }
      var done = 0
      let outcome = try FileValidation.check(file, deep: deep, assumeDType: reading.assumeDType) {
        done += $0
        bar.update(done)
      }
      return .init(path: path, findings: outcome.findings, rules: outcome.rules)
    } catch UncheckableFile.notRecognised {
      // The reader of a file that nobody recognises says what it looks like.
      do throws(Failure) { _ = try InputFile(path) } catch {
        return .init(path: path, failure: error.sentence)
      }
      return .init(path: path, failure: "\(path): \(UncheckableFile.notRecognised)")
    } catch {
      return .init(path: path, failure: "\(error)")
    }
  }
}
