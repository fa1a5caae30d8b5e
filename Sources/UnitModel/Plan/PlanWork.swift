/// A limit for the work of applying a plan to tensors, in comparisons of bytes.
///
/// A few megabytes of patterns and names may take between seconds and hours, so the work itself is limited.
struct PlanWork {
  /// Two or three seconds. 200 patterns that begin with a star, tried on 10,000 names of 60 bytes, need two thirds of
  /// it; patterns that begin with a name need a tenth of that.
  static let limit = 600_000_000
  /// The work counted for one more user of a private tensor, which also takes memory.
  static let user = 1_000

  /// The place in the plan at which work is done, for the error.
  var place = "tensors"
  private var done = 0
  private let limit: Int

  init(limit: Int = PlanWork.limit) { self.limit = limit }

  /// The texts that a pattern's wildcards match in a name; nil if the pattern does not match.
  mutating func match(
    _ pattern: NamePattern, _ name: [UInt8]
  ) throws(PlanError) -> NamePattern.Captures? {
    let captures = name.withUnsafeBufferPointer { pattern.match($0, work: &done) }
    try check()
    return captures
  }

  /// Whether a pattern matches a name.
  mutating func matches(_ pattern: NamePattern, _ name: [UInt8]) throws(PlanError) -> Bool {
    let isMatch = name.withUnsafeBufferPointer { pattern.matches($0, work: &done) }
    try check()
    return isMatch
  }

  /// Whether a pattern matches the name of an axis.
  mutating func matches(_ pattern: NamePattern, _ name: AxisName) throws(PlanError) -> Bool {
    try matches(pattern, Array(name.text.utf8))
  }

  /// Counts work that is not a comparison of names.
  mutating func add(_ work: Int) throws(PlanError) {
    let (sum, overflow) = done.addingReportingOverflow(work)
    done = overflow ? Int.max : sum
    try check()
  }

  private func check() throws(PlanError) {
    if done > limit { throw .tooMuchWork(place: place, limit: limit) }
  }
}
