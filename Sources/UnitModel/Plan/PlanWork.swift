/// What meeting a plan with tensors may cost, counted in comparisons of bytes.
///
/// Patterns times names times their lengths has no bound in a file of a few megabytes, so the work itself has one.
struct PlanWork {
  /// Two or three seconds. 200 patterns that begin with a star, met with 10,000 names of 60 bytes, cost two thirds of it;
  /// patterns that begin with a name cost a tenth of those.
  static let limit = 600_000_000
  /// What one more user of a private tensor counts for: it takes memory, not only time.
  static let user = 1_000

  /// Where in the plan the work is being done, for the error.
  var place = "tensors"
  private var done = 0
  private let limit: Int

  init(limit: Int = PlanWork.limit) { self.limit = limit }

  /// What the wildcards of a pattern take from a name; nil when it does not match.
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

  /// Counts work that is no comparison of names.
  mutating func add(_ work: Int) throws(PlanError) {
    let (sum, overflow) = done.addingReportingOverflow(work)
    done = overflow ? Int.max : sum
    try check()
  }

  private func check() throws(PlanError) {
    if done > limit { throw .tooMuchWork(place: place, limit: limit) }
  }
}
