internal import ArgumentParser
internal import ByteFiles
internal import Conversion
internal import FlatFormats
internal import HDF5Kit
internal import Reporting
internal import StrictJSON
internal import Tensors
internal import UnitCheckpoints
internal import Validation

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check files and report everything that is wrong with them.",
    discussion: """
      Every defect of a recognised file is a finding, truncation and corruption included: exit code 1. Exit code 2 \
      is for files that cannot be read or recognised. Without --deep the tensors' data is not read.

      Example:
        tessera validate --deep model.h5
        tessera validate --format json models/*.h5
      """)

  @Argument(help: "The files to check.")
  var files: [String]

  @Flag(help: "Also read all data and recompute checksums and digests.")
  var deep = false

  @Option(help: "How to print the findings: text, json or github.")
  var format = Format.text

  @Flag(help: "The same as --format json.")
  var json = false

  /// How findings are printed.
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, github }

  func validate() throws {
    if files.isEmpty { throw ValidationError("expected at least one file") }
  }

  func run() throws {
    var findings: [Finding] = []
    var unreadable: [String] = []
    for file in files {
      do { findings += try check(file) } catch let failure as Failure { unreadable.append(failure.sentence) }
    }
    let report = FindingsReport(
      files: files.filter { file in !unreadable.contains { $0.hasPrefix(file) } }, findings: findings)
    switch json ? .json : format {
    case .text: try Output.standardOutput(report.text)
    case .json: try Output.standardOutput(JSONWriter.text(report.json))
    case .github: try Output.standardOutput(report.githubAnnotations)
    }
    if let first = unreadable.first {
      for sentence in unreadable.dropLast() { Output.standardError("tessera: \(sentence)\n") }
      throw Failure(sentence: unreadable.last ?? first)
    }
    if !report.isClean { throw ExitCode(1) }
  }

  private func check(_ path: String) throws -> [Finding] {
    let file: ReadableFile
    do { file = try ReadableFile(path: path) } catch { throw Failure(sentence: "\(error)") }
    let isHDF5: Bool
    do { isHDF5 = try HDF5File.hasSignature(file) } catch { throw Failure(sentence: "\(error)") }
    return isHDF5 ? try checkCheckpoint(file) : try checkFlat(file)
  }

  private func checkCheckpoint(_ file: ReadableFile) throws -> [Finding] {
    let checkpoint: UnitCheckpoint
    do throws(CheckpointError) { checkpoint = try UnitCheckpoint(file) } catch {
      guard let finding = CheckpointValidation.finding(opening: file.path, error) else {
        throw Failure(sentence: "\(error)")
      }
      return [finding]
    }
    var bar = ProgressBar(
      "checking", total: deep ? checkpoint.index.datasets.reduce(0) { $0 + $1.byteCount } : 0)
    defer { bar.finish() }
    var done = 0
    return CheckpointValidation.findings(in: checkpoint, deep: deep) {
      done += $0
      bar.update(done)
    }
  }

  private func checkFlat(_ file: ReadableFile) throws -> [Finding] {
    guard FlatFormats.recognise(file) != nil else {
      // The reader of a file that nobody recognises says what it looks like.
      _ = try InputFile(file.path)
      return []
    }
    do throws(FlatFormatError) {
      let source = try FlatFormats.open(file, assumeDType: nil)
      if deep {
        for index in source.tensors.indices { _ = try source.digest(of: index) { _ in } }
      }
      return []
    } catch {
      return [Finding(.structure, file: file.path, location: "", message: "\(error)")]
    }
  }
}
