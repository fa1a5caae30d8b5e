import StrictJSON
import TestSupport
import Testing

/// `plan --order importance` beside NumPy.
@Suite(.enabled(if: Peers.areThere(python: true, programs: [])))
struct ImportanceTests {
  @Test("on graphs, channels are sorted by norms of weights, or by activations on samples")
  func graphs() throws {
    let report = try Workshop().report("importance.py", [Peers.tessera])
    #expect(report["failures"] == .array([]))
    #expect(report["checked"] == 6)
  }
}
