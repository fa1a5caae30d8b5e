import Foundation
import StrictJSON
import Tensors
import TestSupport
import Testing

/// Real SavedModels from wheels, compared with what TensorFlow says of them (Tests/Fixtures/tensorflow/digest.py).
@Suite("Real TensorFlow files", .enabled(if: Peers.areThere(python: true)))
struct TensorFlowFileTests {
  /// The objects of `real.json`, by folder.
  static let expected = RealFiles.expected("tensorflow")

  @Test(
    "every tensor has TensorFlow's name, dtype, shape and digest, also after a way through units",
    arguments: expected.keys.sorted())
  func agrees(_ folder: String) throws {
    let workshop = try Workshop()
    let source = try RealFiles.sitePackages(workshop) + "/" + folder
    let wanted = try #require(Self.expected[folder])
    try workshop.tessera("validate", "--deep", source)
    try workshop.tessera("convert", source, "units.h5")
    try workshop.tessera("convert", "units.h5", "back.safetensors")
    for input in [source, source + "/variables/variables", "back.safetensors"] {
      let text = try workshop.tessera("inspect", input, "--json", "--digests").output
      guard case .object(let found) = try JSONParser().parse(text), case .array(let rows)? = found["tensors"]
      else {
        Issue.record("\(folder)")
        return
      }
      #expect(found["kind"] == (input == "back.safetensors" ? "safetensors" : "tensorflow"))
      #expect(.integer(Int64(rows.count)) == wanted["tensors"])
      let lines = rows.compactMap(RealFiles.line).sorted { TensorName($0) < TensorName($1) }
      #expect(lines.count == rows.count)
      #expect(.string(SHA256Digest.of(Array(lines.joined().utf8)).description) == wanted["sha256"])
    }
  }

  @Test("there are two models with 33 tensors")
  func complete() {
    #expect(Self.expected.count == 2)
    let counts = RealFiles.counts(Self.expected)
    #expect(counts.count == 2 && counts.reduce(0, +) == 33)
  }
}
