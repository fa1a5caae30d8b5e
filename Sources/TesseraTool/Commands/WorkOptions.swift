internal import ArgumentParser
internal import ByteFiles
internal import Glibc

/// The options for the work of a graph.
struct WorkOptions: ParsableArguments {
  @Flag(help: "Count the work, and also time each sub-network on seeded random inputs.")
  var measure = false

  @Option(help: "With --measure: the number of timed runs, after one warm-up run.")
  var `repeat` = 5

  @Option(help: "With --measure: use at most this many threads. Default: one for each processor.")
  var threads: Int?

  @OptionGroup var computing: BackendOption

  @Option(
    name: .customLong("input-shape"),
    help: ArgumentHelp(
      """
      The shape of an input of the graph, to count its work: images=1x3x224x224 (repeatable). If there is \
      one input, the name is optional.
      """,
      valueName: "name=shape"))
  var inputShapes: [String] = []

  @OptionGroup var limiting: LimitOptions

  /// The number of threads that compute.
  var threadCount: Int { threads ?? ThreadSupply.processorCount }

  func validate() throws {
    for (option, value) in [("--repeat", `repeat`), ("--threads", threads ?? 1)] where value < 1 {
      throw ValidationError("\(option): expected 1 or more, found \(value)")
    }
    for text in inputShapes { _ = try InputShape(parsing: text) }
  }
}
