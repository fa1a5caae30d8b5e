internal import ArgumentParser
internal import ByteFiles
internal import Glibc

/// What `count` is to say of the work that a graph does.
struct WorkOptions: ParsableArguments {
  @Flag(
    help:
      "Also say what each virtual network does: multiply-adds, and the most bytes of activations at one time."
  )
  var work = false

  @Flag(help: "As --work, and also run each on seeded inputs and say how long it takes.")
  var measure = false

  @Option(help: "With --measure: this many runs after a first one.")
  var `repeat` = 5

  @Option(help: "With --measure: the most threads that compute at one time; without it, one per processor.")
  var threads: Int?

  @OptionGroup var computing: BackendOption

  @Option(
    name: .customLong("input-shape"),
    help: ArgumentHelp(
      "The shape of an input for --layers, --work and --measure: images=1x3x224x224; may be repeated. One input needs no name.",
      valueName: "name=shape"))
  var inputShapes: [String] = []

  @OptionGroup var limiting: LimitOptions

  /// Whether there is anything to say.
  var isWanted: Bool { work || measure }

  /// The threads that compute.
  var threadCount: Int { threads ?? ThreadSupply.processorCount }

  func validate() throws {
    for (option, value) in [("--repeat", `repeat`), ("--threads", threads ?? 1)] where value < 1 {
      throw ValidationError("\(option): expected 1 or more, found \(value)")
    }
    for text in inputShapes { _ = try InputShape(parsing: text) }
  }
}
