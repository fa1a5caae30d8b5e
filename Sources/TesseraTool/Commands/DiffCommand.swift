internal import ArgumentParser
internal import Comparison
internal import FlatFormats
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import Tessera

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare the tensors of two files, whatever their formats.",
    usage: "tessera diff <a> <b> [<options>]",
    discussion: """
      Compare names, dtypes and shapes, and then every value, bit by bit. For values that differ, report \
      the largest absolute difference and the largest distance in units in the last place (ULP). Both \
      files may have any format. Exit code 0: equal. Exit code 1: different, or a part of a file was left \
      out, unless --leave-out accepts that.

      --tolerance and --ulp accept small differences. The result is then "equal within". --match compares \
      only some tensors, and reports the number of the others. It applies to the names after --rename.

      Example:
        tessera diff weights.safetensors model.h5
        tessera diff a.pt b.safetensors --rename 'module.*=*' --match 'encoder.*'
        tessera diff a.pt b.safetensors --tolerance 1e-6,1e-4
        tessera diff a.npz b.safetensors --json
      """)

  @Argument(help: "The first file, A.")
  var a: String

  @Argument(help: "The second file, B.")
  var b: String

  @Flag(help: "Print JSON (schemas/diff.schema.json).")
  var json = false

  @OptionGroup var tolerance: ToleranceOption

  @OptionGroup var match: MatchOption

  @OptionGroup var rename: RenameOption

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var leaveOut: LeaveOutOption

  func run() throws {
    let first = try OpenedFile(a, reading.choices).source
    let second = try OpenedFile(b, reading.choices).source
    let (oldNames, newNames) = (second.tensors.map(\.spec.name), try rename.names(of: first))
    let isMeant = try selection(newNames.names, oldNames)
    let comparison = WeightsComparison(
      ChosenTensors(first, Self.chosen(newNames.names, isMeant)),
      ChosenTensors(second, Self.chosen(oldNames, isMeant)), tolerance: try tolerance.tolerance())
    var bar = ProgressBar("comparing", total: comparison.byteCount)
    defer { bar.finish() }
    let difference = try comparison.run { bar.update($0) }
    bar.finish()
    var report = DifferenceReport(
      a: a, b: b, difference: difference, leftOut: (LeftOutList(first), LeftOutList(second)),
      isComplete: !leaveOut.isIncomplete(first) && !leaveOut.isIncomplete(second))
    report.tolerance = try tolerance.tolerance()
    report.renamed = newNames.changed
    if match.isGiven {
      report.notCompared = (newNames.names.filter { !isMeant($0) }, oldNames.filter { !isMeant($0) })
    }
    try json
      ? Output.standardOutput(json: report.json)
      : Output.standardOutput(report.painted(width: Terminal.width))
    if [first, second].contains(where: { ($0 as? any FlatWeightsSource)?.kind == .onnx }) {
      Output.standardError("note: tensors are compared, graphs are not\n")
    }
    if !report.isEqual { throw ExitCode(1) }
  }

  /// The names to compare; each pattern must match a tensor of A or B.
  private func selection(_ a: [TensorName], _ b: [TensorName]) throws -> (TensorName) -> Bool {
    _ = try match.places(in: a + b, of: "\(self.a) and \(self.b)")
    return match.selection
  }

  private static func chosen(
    _ names: [TensorName], _ isMeant: (TensorName) -> Bool
  ) -> [(place: Int, name: TensorName)] {
    names.enumerated().filter { isMeant($0.element) }.map { (place: $0.offset, name: $0.element) }
  }
}
