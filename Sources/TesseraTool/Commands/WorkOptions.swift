internal import ArgumentParser
internal import ByteFiles
internal import Glibc
internal import Inference
internal import Tessera

/// The options for the work of a graph.
struct WorkOptions: ParsableArguments {
  @Flag(help: "Count the work, and also time each sub-network on seeded random inputs.")
  var measure = false

  @OptionGroup var measuring: MeasuringOptions
}

/// How the work of a graph is counted and timed.
struct MeasuringOptions: ParsableArguments {
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

  func validate() throws {
    for (option, value) in [("--repeat", `repeat`), ("--threads", threads ?? 1)] where value < 1 {
      throw ValidationError("\(option): expected 1 or more, found \(value)")
    }
    for text in inputShapes { _ = try InputShape(parsing: text) }
  }

  /// Throws for the first option that was given without need.
  ///
  /// - Parameter users: the options that need it, in words.
  func requireUnused(users: String) throws {
    for (option, isGiven) in [
      ("--input-shape", !inputShapes.isEmpty), ("--memory-limit", limiting.memoryLimit != nil),
      ("--step-limit", limiting.stepLimit != nil),
    ] where isGiven {
      throw ValidationError("\(option) is for \(users)")
    }
  }

  /// The same options for the library.
  func settings() throws -> WorkSettings {
    var settings = WorkSettings()
    settings.shapes = { [inputShapes] in try InputShape.shapes(inputShapes, of: $0) }
    settings.backend = computing.kind
    settings.threads = threads ?? ThreadSupply.processorCount
    settings.repeats = `repeat`
    settings.countLimits = try limiting.limits(else: .counting)
    settings.runLimits = try limiting.limits(else: RunLimits())
    return settings
  }
}
