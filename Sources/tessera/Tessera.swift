internal import ArgumentParser
internal import Glibc

/// The command and its subcommands.
struct Tessera: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera",
    abstract: "Stores a neural network as the units it is run in, and proves it.",
    discussion: """
      A unit checkpoint is one HDF5 file that holds every unit of a network and says which units each task uses \
      at each budget. tessera converts ordinary weights to it and back, bit for bit, shows what is inside, and \
      checks it.

      Exit codes: 0 done and clean; 1 done, and something was found; 2 could not be done, with one sentence on \
      stderr; 64 the command line was wrong.
      """,
    version: "tessera \(version)",
    subcommands: [InspectCommand.self, PlanCommand.self, ConvertCommand.self, ValidateCommand.self])

  /// The version of the tool; the layout of its files has one of its own.
  static let version = "0.1.0"
}

/// Something that ends a command with exit code 2 and one sentence.
struct Failure: Error {
  let sentence: String
}

@main
enum Main {
  static func main() {
    // Line buffering makes a reader of our pipe wait for nothing and costs little: tables are short.
    do {
      var command = try Tessera.parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      fail(failure.sentence)
    } catch let code as ExitCode {
      Tessera.exit(withError: code)
    } catch {
      // ArgumentParser's own errors and requests for help know their exit codes: 64 and 0.
      Tessera.exit(withError: error)
    }
  }

  private static func fail(_ sentence: String) -> Never {
    Output.standardError("tessera: \(sentence)\n")
    exit(2)
  }
}
