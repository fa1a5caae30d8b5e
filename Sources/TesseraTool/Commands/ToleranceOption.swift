internal import ArgumentParser
internal import Comparison

/// The tolerance within which values count as equal.
struct ToleranceOption: ParsableArguments {
  @Option(
    name: .customLong("tolerance"),
    help: ArgumentHelp(
      "Accept values with |a-b| <= ATOL + RTOL |b|. Write 1e-6,1e-4, or 1e-6 (RTOL is then 0).",
      valueName: "atol[,rtol]"))
  var distance: String?

  @Option(
    name: .customLong("ulp"),
    help: ArgumentHelp(
      "Accept values that differ by at most this many units in the last place.", valueName: "n"))
  var steps: UInt64?

  func validate() throws { _ = try tolerance() }

  /// The tolerance; without the options only identical bits are equal.
  func tolerance() throws(ValidationError) -> Tolerance {
    guard let distance else { return steps.map(Tolerance.steps) ?? .none }
    if steps != nil { throw ValidationError("expected either --tolerance or --ulp") }
    let numbers = distance.split(separator: ",", omittingEmptySubsequences: false).map { Double(String($0)) }
    guard (1...2).contains(numbers.count), let absolute = numbers[0],
      let relative = numbers.count > 1 ? numbers[1] : 0,
      absolute >= 0, relative >= 0, absolute.isFinite, relative.isFinite
    else {
      throw ValidationError(
        "--tolerance: expected one number or two of at least 0, such as 1e-6 or 1e-6,1e-4, found '\(distance)'"
      )
    }
    return .distance(absolute: absolute, relative: relative)
  }
}
