internal import ArgumentParser
internal import Comparison
internal import FlatFormats
internal import Reporting
internal import Tessera

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare the tensors of two files, whatever their formats.",
    discussion: """
      Names, dtypes, shapes, then every value: bits first; of values that differ the largest absolute difference and \
      the largest distance in units in the last place. Files may be flat weights of any format and unit checkpoints. \
      Exit code 0: equal; 1: different, or something of a file was left out and not compared.

      Example:
        tessera diff weights.safetensors model.h5
        tessera diff a.npz b.safetensors --json
      """)

  @Argument(help: "The first file, A.")
  var a: String

  @Argument(help: "The second file, B.")
  var b: String

  @Flag(help: "Print JSON (schemas/diff.schema.json).")
  var json = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var leaveOut: LeaveOutOption

  func run() throws {
    let first = try OpenedFile(a, assumeDType: reading.assumeDType).source
    let second = try OpenedFile(b, assumeDType: reading.assumeDType).source
    let comparison = WeightsComparison(first, second)
    let difference: WeightsDifference
    do {
      var bar = ProgressBar("comparing", total: comparison.byteCount)
      defer { bar.finish() }
      difference = try comparison.run { bar.update($0) }
    } catch { throw Failure(sentence: "\(error)") }
    let report = DifferenceReport(
      a: a, b: b, difference: difference, leftOut: (LeftOutList(first), LeftOutList(second)),
      isComplete: !leaveOut.isIncomplete(first) && !leaveOut.isIncomplete(second))
    try json
      ? Output.standardOutput(json: report.json) : Output.standardOutput(report.text(width: Terminal.width))
    if [first, second].contains(where: { ($0 as? any FlatWeightsSource)?.kind == .onnx }) {
      Output.standardError("note: tensors are compared, graphs are not\n")
    }
    if !report.isEqual { throw ExitCode(1) }
  }
}
