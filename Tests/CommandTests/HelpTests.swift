import Foundation
import TestSupport
import Testing

@Suite("Help")
struct HelpTests {
  /// A new subcommand is added here, and its fixture is written.
  static let commands = [
    "tessera", "inspect", "plan", "assign", "convert", "count", "extract", "validate", "lock", "run",
    "verify", "diff", "compare", "report",
  ]

  /// To renew them, run the tests once with TESSERA_WRITE_HELP=1 and check `git diff Tests/Fixtures/help`.
  @Test("is as committed; TESSERA_WRITE_HELP=1 renews Tests/Fixtures/help", arguments: commands)
  func snapshot(command: String) throws {
    let arguments = command == "tessera" ? ["--help"] : [command, "--help"]
    // ArgumentParser wraps at the width of the terminal, or at COLUMNS.
    let run = try Subprocess.run(Peers.tessera, arguments, environment: ["COLUMNS": "100"])
    #expect(run.ending == .exited(0))
    let path = "\(SourceFolder.fixtures)/help/\(command).txt"
    if ProcessInfo.processInfo.environment["TESSERA_WRITE_HELP"] != nil {
      try Data(run.output).write(to: URL(fileURLWithPath: path))
    }
    #expect(run.outputText == (try String(contentsOfFile: path, encoding: .utf8)))
  }

  @Test("knows every subcommand")
  func complete() throws {
    let help = try Subprocess.run(Peers.tessera, ["--help"]).outputText
    let list = help.components(separatedBy: "SUBCOMMANDS:\n").last ?? ""
    let names = list.split(separator: "\n").filter {
      $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  See")
    }
    .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(["tessera"] + names == Self.commands)
  }
}
