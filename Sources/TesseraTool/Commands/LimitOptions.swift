internal import ArgumentParser
internal import Inference
internal import Tensors
internal import UnitModel

/// The limits of every command that walks a graph.
struct LimitOptions: ParsableArguments {
  @Option(
    help: """
      The memory limit for tensors, such as 16GB. Default: 4GiB; 1GiB to count multiply-adds.
      """)
  var memoryLimit: String?

  @Option(
    help: """
      The limit of steps. A step is one multiply-add, or one element that another operator computes. \
      Default: 4,000,000,000,000; 1,000,000,000 to count multiply-adds.
      """)
  var stepLimit: Int?

  func validate() throws {
    if let stepLimit, stepLimit < 1 {
      throw ValidationError("--step-limit: expected 1 or more, found \(stepLimit)")
    }
    _ = try limits(else: RunLimits())
  }

  /// The limits of `others`, replaced by those that the user gave.
  func limits(else others: RunLimits) throws -> RunLimits {
    var limits = others
    if let stepLimit { limits.steps = min(stepLimit, 1 << 60) }
    guard let memoryLimit else { return limits }
    guard let count = try? Budget(parsing: memoryLimit, in: [.bytes]).byteCount else {
      throw ValidationError("--memory-limit: expected bytes, such as 16GB, found '\(memoryLimit)'")
    }
    limits.bytes = count.value
    return limits
  }
}
