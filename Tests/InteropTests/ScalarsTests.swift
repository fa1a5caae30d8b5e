import StrictJSON
import TestSupport
import Testing

@Suite(.enabled(if: Peers.areThere(python: true)))
struct ScalarsTests {
  /// libhdf5 keeps a list of the gaps that alignment leaves, and may search all of it for every dataset.
  @Test func timeGrowsNoFasterThanTheNumberOfScalars() throws {
    let workshop = try Workshop()
    let report = try workshop.report("scalars.py", [Peers.tessera, "."])
    guard case .number(let few)? = report["few"], case .number(let many)? = report["many"],
      case .integer(let times)? = report["times"]
    else {
      Issue.record("the script has measured nothing: \(String(describing: report))")
      return
    }
    #expect(many < 3 * Double(times) * few, "\(few) s, then \(many) s for \(times) times as many")
  }
}
