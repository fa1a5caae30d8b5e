internal import ArgumentParser
internal import ByteFiles
internal import CLinux
internal import Glibc
internal import Tensors
internal import Tessera
internal import UnitModel

/// The command and its subcommands.
struct TesseraCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera",
    abstract: "Store a neural network as units that its tasks and levels share.",
    discussion: """
      A unit checkpoint is one HDF5 file. It holds every unit of a network, and lists the units that each \
      task uses at each budget. tessera converts flat files (ordinary weights: safetensors, npz, PyTorch, \
      ONNX, Keras, GGUF, Flax, TensorFlow) to a unit checkpoint and back, bit for bit. It also lists and \
      checks the contents.

      Exit codes:
        0   done, no problem found
        1   done, but a problem was found
        2   failed, with one sentence on stderr
        64  wrong command line
      """,
    version: "tessera \(version)",
    subcommands: [
      InspectCommand.self, PlanCommand.self, AssignCommand.self, ConvertCommand.self, CountCommand.self,
      ExtractCommand.self,
      ValidateCommand.self, LockCommand.self, RunCommand.self, VerifyCommand.self, DiffCommand.self,
      CompareCommand.self, ReportCommand.self,
    ])

  /// The version of the tool; the file layout has its own version.
  static let version = "0.2.0"
}

extension TesseraError {
  /// Prints the sentence on standard error.
  func report() { Output.standardError("tessera: \(PrintableText.line(description))\n") }
}

@main
enum Main {
  static func main() {
    // A closed pipe must not end a conversion or a check before it is complete; `Output` gets the error and ignores it.
    signal(SIGPIPE, SIG_IGN)
    // A limit on file sizes (`ulimit -f`) becomes an error of `pwrite`; the command then cleans up and reports the
    // error.
    signal(SIGXFSZ, SIG_IGN)
    // One heap for all threads. glibc's other heaps grow page by page, with a system call for each page: 6,000 calls
    // for the layout of 16,000 datasets.
    _ = tessera_limit_arenas(1)
    TemporaryRemoval.install()
    FilesRead.remember()
    // Swift reads the arguments from /proc. Without it, every command line would look empty, and print the help.
    if CommandLine.argc == 0 {
      fail("/proc: expected the file system with the arguments of the command line, found none; mount it")
    }
    do {
      do {
        try suggestCommand()
        try refuseNameLikeOption()
        var command = try TesseraCommand.parseAsRoot(arguments)
        // Some usage errors are found only when the file is read.
        do { try command.run() } catch let error as ValidationError {
          try failUsage(error.message, of: type(of: command))
        } catch let error as RequestError {
          try failUsage(error.description, of: type(of: command))
        }
      } catch let failure as TesseraError {
        throw failure
      } catch {
        try finish(error)
      }
    } catch {
      fail("\(error)")
    }
  }

  /// The arguments of the command line, whose bytes need not be UTF-8.
  private static var arguments: [String] {
    (0..<Int(CommandLine.argc)).dropFirst().compactMap {
      CommandLine.unsafeArgv[$0].map { SystemPath.text($0) }
    }
  }

  /// Prints ArgumentParser's output: help and version on stdout, usage errors on stderr.
  ///
  /// ArgumentParser's own `exit(withError:)` would print the same, but would not notice a full disk.
  private static func finish(_ error: any Error) throws(TesseraError) {
    let code = TesseraCommand.exitCode(for: error)
    // Exit code 1 is for findings, which commands throw as `ExitCode`; every other error exits with 2.
    if code == .failure, !(error is ExitCode) { throw TesseraError(sentence: "\(error)") }
    let message = TesseraCommand.fullMessage(for: error)
    if !message.isEmpty {
      if code.isSuccess {
        try Output.standardOutput(message + "\n")
      } else {
        Output.standardError(message + "\n")
      }
    }
    exit(code.rawValue)
  }

  /// Suggests the nearest command for an unknown one.
  private static func suggestCommand() throws(TesseraError) {
    let known = TesseraCommand.configuration.subcommands.map { $0.configuration.commandName ?? "" } + ["help"]
    guard let word = arguments.first, !word.hasPrefix("-"), !known.contains(word)
    else { return }
    let nearest = nearestName(to: word, among: known).map { "; did you mean '\($0)'?" } ?? ""
    try failUsage(
      "expected a command, found '\(PrintableText.line(word))'\(nearest)", of: TesseraCommand.self)
  }

  /// Refuses a file name that begins with a dash. ArgumentParser would read `-ash.safetensors` as letters, and with
  /// an `h` among them print the help and succeed: a gate in CI would pass without a check.
  private static func refuseNameLikeOption() throws(TesseraError) {
    for word in arguments {
      if word == "--" { return }
      guard word.utf8.count > 2, word.first == "-", let second = word.dropFirst().first, second.isLetter
      else {
        continue
      }
      let shown = PrintableText.line(word)
      try failUsage(
        "expected an option, found '\(shown)'; write './\(shown)' for a file of this name",
        of: TesseraCommand.self)
    }
  }

  /// Exits with 64 after printing a sentence and the usage of the command.
  private static func failUsage(_ message: String, of command: any ParsableCommand.Type) throws(TesseraError)
    -> Never
  {
    let name =
      command == TesseraCommand.self ? "tessera" : "tessera \(command.configuration.commandName ?? "")"
    let usage =
      command == TesseraCommand.self ? TesseraCommand.usageString() : TesseraCommand.usageString(for: command)
    Output.standardError(
      "Error: \(PrintableText.line(message))\nUsage: \(usage)\n  See '\(name) --help' for more information.\n"
    )
    exit(64)
  }

  private static func fail(_ sentence: String) -> Never {
    TesseraError(sentence: sentence).report()
    TemporaryRemoval.removeAllNow()
    exit(2)
  }
}
