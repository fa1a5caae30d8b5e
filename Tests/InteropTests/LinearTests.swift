import StrictJSON
import TestSupport
import Testing

/// Commands take a number of instructions proportional to the file, counted by valgrind for n parts and for 8 n.
@Suite(.enabled(if: Peers.areThere(python: true, programs: ["valgrind"])))
struct LinearTests {
  /// A linear walk gives at most 8, one that searches for each part among the others up to 64. Tables of tasks are
  /// sorted, which gives slightly more than 8.
  private static let limit = 11.5

  @Test("every kind of file is walked in linear time")
  func linear() throws {
    let python = try #require(Peers.python)
    let script = SourceFolder.fixtures + "/interop/linear.py"
    let result = try Subprocess.run(python, ["-B", script, Peers.tessera], timeout: 900)
    try #require(result.code == 0, "\(result.errorText.suffix(2000))")
    guard case .object(let report) = try JSONParser().parse(result.output),
      case .array(let cases)? = report["cases"]
    else {
      Issue.record("no report")
      return
    }
    #expect(cases.count == 39)
    for case .object(let row) in cases {
      guard case .number(let ratio)? = row["ratio"] else {
        Issue.record("\(row)")
        continue
      }
      #expect(ratio < Self.limit, "\(row)")
    }
  }
}
