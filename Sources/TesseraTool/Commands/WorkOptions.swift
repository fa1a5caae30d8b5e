internal import ArgumentParser
internal import ByteFiles
internal import Glibc

/// The options of `count` on the work of a graph.
struct WorkOptions: ParsableArguments {
  @Flag(
    help:
      "Also print the multiply-adds and the peak activation bytes of each sub-network."
  )
  var work = false

  @Flag(help: "The same as --work, and also time each sub-network on seeded random inputs.")
  var measure = false

  @Option(help: "With --measure: timed runs, after one warm-up run.")
  var `repeat` = 5

  @Option(help: "With --measure: use at most this many threads. Default: one per processor.")
  var threads: Int?

  @OptionGroup var computing: BackendOption

  @Option(
    name: .customLong("input-shape"),
    help: ArgumentHelp(
      """
      An input's shape for --layers, --work and --measure: images=1x3x224x224 (repeatable). A single input \
      needs no name.
      """,
      valueName: "name=shape"))
  var inputShapes: [String] = []

  @OptionGroup var limiting: LimitOptions

  /// Whether the work is printed.
  var isWanted: Bool { work || measure }

  /// The number of threads that compute.
  var threadCount: Int { threads ?? ThreadSupply.processorCount }

  func validate() throws {
    for (option, value) in [("--repeat", `repeat`), ("--threads", threads ?? 1)] where value < 1 {
      throw ValidationError("\(option): expected 1 or more, found \(value)")
    }
    for text in inputShapes { _ = try InputShape(parsing: text) }
  }
}
