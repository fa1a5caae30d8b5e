import StrictJSON
import TestSupport
import Testing

/// Compressed checkpoints are at most as large as h5py's files of the same tensors.
@Suite(.enabled(if: Peers.areThere(python: true, programs: [])))
struct CompressionInteropTests {
  /// The kinds of tensors, and the number of compressed sections in their checkpoint.
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
    // The sample's tensors are small: their index and checksums take more bytes than compression saves.
    if kind != "sample" { #expect(ours < source) }
  }
}
