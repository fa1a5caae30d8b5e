internal import ArgumentParser
internal import FlatFormats
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import UnitModel

/// What a command may go on without.
struct LeaveOutOption: ParsableArguments {
  @Option(
    name: .customLong("leave-out"),
    help: ArgumentHelp(
      "Allow the loss of unreadable parts whose name matches PATTERN (repeatable).",
      discussion: "* matches anything. Readable tensors are never left out.", valueName: "pattern"))
  var patterns: [String] = []

  func validate() throws {
    for pattern in patterns where NamePattern(pattern) == nil {
      throw ValidationError("--leave-out: expected a pattern with at most 16 wildcards, found '\(pattern)'")
    }
  }

  /// Whether the user has said that this may be left out.
  func accepts(_ item: LeftOut) -> Bool {
    patterns.contains { NamePattern($0)?.match(item.name) != nil }
  }

  /// Whether something was left out that the user has not said may be.
  func isIncomplete(_ source: any TensorSource) -> Bool { source.leftOut.contains { !accepts($0) } }

  /// Names what was left out, and patterns that were for nothing, on standard error.
  func tell(of source: any TensorSource) {
    Output.standardError(LeftOutList(source).text(width: Output.errorIsTerminal ? Terminal.errorWidth : nil))
    for pattern in patterns
    where !source.leftOut.contains(where: { NamePattern(pattern)?.match($0.name) != nil }) {
      Output.standardError(
        "note: --leave-out '\(PrintableText.line(pattern))' matches nothing that is left out\n")
    }
  }
}

extension LeftOutList {
  /// What is left out of a file.
  init(_ source: any TensorSource) { self.init(source.leftOut.map { ($0.name, $0.why) }) }
}
