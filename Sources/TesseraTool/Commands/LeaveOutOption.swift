internal import ArgumentParser
internal import FlatFormats
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import UnitModel

/// The parts of a file whose loss the user accepts.
struct LeaveOutOption: ParsableArguments {
  @Option(
    name: .customLong("leave-out"),
    help: ArgumentHelp(
      "Leave out unreadable parts whose name matches PATTERN (repeatable).",
      discussion: "* matches anything. A readable tensor is never left out.", valueName: "pattern"))
  var patterns: [String] = []

  func validate() throws {
    for pattern in patterns where NamePattern(pattern) == nil {
      throw ValidationError("--leave-out: expected a pattern with at most 16 wildcards, found '\(pattern)'")
    }
  }

  /// Whether the user accepts the loss of this part.
  func accepts(_ item: LeftOut) -> Bool {
    patterns.contains { NamePattern($0)?.match(item.name) != nil }
  }

  /// Whether a part was left out whose loss the user does not accept. Other files are not parts of this one.
  func isIncomplete(_ source: any TensorSource) -> Bool {
    source.leftOut.contains { $0.fate != .elsewhere && !accepts($0) }
  }

  /// On standard error, prints the parts that were left out, and patterns that match none of them.
  func report(of source: any TensorSource) {
    Output.standardError(LeftOutList(source).text(width: Output.errorIsTerminal ? Terminal.errorWidth : nil))
    for pattern in patterns
    where !source.leftOut.contains(where: { NamePattern(pattern)?.match($0.name) != nil }) {
      Output.standardError(
        "note: --leave-out '\(PrintableText.line(pattern))' matches nothing that is left out\n")
    }
  }
}

extension LeftOutList {
  /// The parts that a source leaves out.
  init(_ source: any TensorSource) { self.init(source.leftOut.map { ($0.name, $0.why) }) }
}
