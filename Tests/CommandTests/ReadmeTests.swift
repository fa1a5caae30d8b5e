import Foundation
import TestSupport
import Testing

/// The consoles of README.md and of a sample, typed again: what they print is what they are said to print.
@Suite("README")
struct ReadmeTests {
  /// One command with the lines that are shown of its output; `…` stands for any lines, or for the end of one.
  private struct Step {
    var command: String
    var shown: [String] = []
  }

  /// The commands of the consoles, in order; a backslash continues one on the next line.
  private static func steps(_ readme: String) throws -> [Step] {
    let text = try String(contentsOfFile: "\(SourceFolder.root)/\(readme)", encoding: .utf8)
    var steps: [Step] = []
    var isInside = false
    var continues = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("```") {
        isInside = line == "```console"
        continues = false
      } else if isInside, continues {
        steps[steps.count - 1].command += "\n" + line
        continues = line.hasSuffix("\\")
      } else if isInside, line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2))))
        continues = line.hasSuffix("\\")
      } else if isInside, !steps.isEmpty {
        steps[steps.count - 1].shown.append(line)
      }
    }
    return steps
  }

  /// What is shown and not printed, line after line.
  private static func missing(_ shown: [String], in printed: String) -> [String] {
    var rest = printed.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    var missing: [String] = []
    for line in shown where line != "…" && !line.isEmpty {
      let start = line.hasSuffix("…") ? String(line.dropLast()) : nil
      if let place = rest.firstIndex(where: { start.map($0.hasPrefix) ?? ($0 == line) }) {
        rest = rest[(place + 1)...]
      } else {
        missing.append(line)
      }
    }
    return missing
  }

  @Test(
    "does what it says, command by command",
    arguments: [("README.md", "samples/fashion", 10), ("samples/family/README.md", "samples/family", 4)])
  func consoles(readme: String, sample: String, commands: Int) throws {
    let folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(SourceFolder.root)/\(sample)") {
      try FileManager.default.copyItem(
        atPath: "\(SourceFolder.root)/\(sample)/\(name)", toPath: folder.file(name))
    }
    let programs = URL(fileURLWithPath: Peers.tessera).deletingLastPathComponent().path
    var typed = 0
    for step in try Self.steps(readme) {
      // The weights of MiniLM are not ours to ship; the folder is the one that is gone into.
      if step.command.contains("minilm") || step.command == "cd samples/fashion" { continue }
      if step.command.hasPrefix("h5ls"), !Peers.areThere(python: false, programs: ["h5ls"]) { continue }
      let run = try Subprocess.run(
        "/bin/sh", ["-c", "PATH=\"\(programs):$PATH\"\n\(step.command)\n"], directory: folder.path,
        timeout: 60)
      #expect(run.code == 0, "\(step.command): \(run.errorText)")
      let printed = run.outputText + run.errorText
      let missing = Self.missing(step.shown, in: printed)
      #expect(missing == [], "\(step.command) prints:\n\(printed)")
      typed += 1
    }
    #expect(typed >= commands)
  }
}
