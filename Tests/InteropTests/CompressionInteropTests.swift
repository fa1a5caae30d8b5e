import StrictJSON
import TestSupport
import Testing

/// Compressed checkpoints are no larger than what h5py makes of the same tensors, whatever those are.
@Suite(.enabled(if: Peers.areThere(python: true, programs: [])))
struct CompressionInteropTests {
  /// What the tensors are, and how many sections of their checkpoint are compressed.
  static let kinds = [
    ("sample", 10), ("minilm", 7), ("normal", 10), ("bfloat", 10), ("pruned", 10), ("upcast_bfloat", 10),
    ("upcast_half", 10), ("zeros", 10), ("range", 10),
  ]

  @Test(arguments: kinds)
  func noLargerThanGzipWithShuffleAndTheSameFileComesBack(kind: String, compressed: Int) throws {
    let workshop = try Workshop()
    let report = try workshop.report("compressed.py", [kind, Peers.tessera])
    guard case .integer(let ours)? = report["ours"], case .integer(let peer)? = report["peer"],
      case .integer(let source)? = report["source"]
    else {
      Issue.record("no sizes: \(report)")
      return
    }
    #expect(ours <= peer, "\(ours) bytes, \(peer) by h5py, \(source) before")
    #expect(report["returns"] == .bool(true))
    #expect(report["compressed"] == JSONValue(compressed))
    // The sample's tensors are small: what finds and checks them takes more than compression saves.
    if kind != "sample" { #expect(ours < source) }
  }
}
