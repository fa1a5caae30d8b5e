import Foundation
import StrictJSON
import Tensors
import TestSupport
import Testing

/// Real files from wheels, compared with what h5py and Keras's lists say of them (Tests/Fixtures/keras/digest.py).
@Suite("Real Keras files", .enabled(if: Peers.areThere(python: true)))
struct KerasFileTests {
  /// The objects of `real.json`, by file.
  static let expected = RealFiles.expected("keras")

  @Test(
    "every tensor has Keras's name, dtype, shape, digest and place, and the same file comes back through units",
    arguments: expected.keys.sorted())
  func agrees(_ file: String) throws {
    let workshop = try Workshop()
    let source = try RealFiles.sitePackages(workshop) + "/" + file
    let wanted = try #require(Self.expected[file])
    let text = try workshop.tessera("inspect", source, "--json", "--digests").output
    guard case .object(let found) = try JSONParser().parse(text), case .array(let rows)? = found["tensors"]
    else {
      Issue.record("\(file)")
      return
    }
    #expect(found["kind"] == "keras")
    // One wrong tensor shows in the digest of all; these two tell whether the names or the elements are wrong.
    for (key, row) in [("first", rows.first), ("last", rows.last)] {
      guard case .object(let row)? = row else {
        Issue.record("\(file): no tensors")
        return
      }
      #expect(JSONValue.array(["name", "dtype", "shape", "sha256"].map { row[$0] ?? .null }) == wanted[key])
    }
    #expect(.integer(Int64(rows.count)) == wanted["tensors"])
    let lines = rows.compactMap(RealFiles.line)
    #expect(lines.count == rows.count)
    #expect(.string(SHA256Digest.of(Array(lines.joined().utf8)).description) == wanted["sha256"])
    guard case .array(let leftOut)? = found["left_out"] else { return }
    #expect(leftOut.isEmpty == (wanted["others"] == 0))
    try workshop.tessera("validate", "--deep", source)
    try workshop.tessera("convert", source, "units.h5")
    try workshop.tessera("validate", "--deep", "units.h5")
    try workshop.tessera("convert", "units.h5", "back.h5")
    #expect(try workshop.areEqual(source, "back.h5"))
  }

  @Test("there are seven files with 1,172 tensors")
  func complete() {
    #expect(Self.expected.count == 7)
    let counts = RealFiles.counts(Self.expected)
    #expect(counts.count == 7 && counts.reduce(0, +) == 1_172)
  }
}
