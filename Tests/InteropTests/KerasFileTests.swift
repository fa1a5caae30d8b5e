import Foundation
import StrictJSON
import TestSupport
import Testing

/// Real files from wheels, compared with what h5py and Keras's lists say of them (Tests/Fixtures/keras/digest.py).
@Suite("Real Keras files", .enabled(if: Peers.areThere(python: true)))
struct KerasFileTests {
  /// The rows of `real.json`: name, dtype, shape and SHA-256, in Keras's order.
  static let expected: [String: (tensors: [JSONValue], others: JSONValue?)] = {
    let path = SourceFolder.fixtures + "/keras/real.json"
    guard let bytes = try? TemporaryFolder.bytes(of: path),
      case .object(let files)? = try? JSONParser().parse(bytes)
    else { return [:] }
    var result: [String: (tensors: [JSONValue], others: JSONValue?)] = [:]
    for file in files.members {
      guard case .object(let object) = file.value, case .array(let rows)? = object["tensors"] else {
        continue
      }
      result[file.key] = (rows, object["others"])
    }
    return result
  }()

  @Test(
    "every tensor has Keras's name, dtype, shape, digest and place, and the same file comes back through units",
    arguments: expected.keys.sorted())
  func agrees(_ file: String) throws {
    let workshop = try Workshop()
    let python = try #require(Peers.python)
    let script = "import sysconfig; print(sysconfig.get_path('purelib'), end='')"
    let source = try workshop.run(python, ["-c", script]).outputText + "/" + file
    let wanted = try #require(Self.expected[file])
    let text = try workshop.tessera("inspect", source, "--json", "--digests").output
    guard case .object(let found) = try JSONParser().parse(text), case .array(let rows)? = found["tensors"]
    else {
      Issue.record("\(file)")
      return
    }
    #expect(found["kind"] == "keras")
    let cells = rows.map { row in
      guard case .object(let row) = row else { return JSONValue.null }
      return .array(["name", "dtype", "shape", "sha256"].map { row[$0] ?? .null })
    }
    #expect(cells == wanted.tensors)
    guard case .array(let leftOut)? = found["left_out"] else { return }
    #expect(leftOut.isEmpty == (wanted.others == 0))
    try workshop.tessera("validate", "--deep", source)
    try workshop.tessera("convert", source, "units.h5")
    try workshop.tessera("validate", "--deep", "units.h5")
    try workshop.tessera("convert", "units.h5", "back.h5")
    #expect(try workshop.areEqual(source, "back.h5"))
  }

  @Test("there are seven files with 1,172 tensors")
  func complete() {
    #expect(Self.expected.count == 7)
    #expect(Self.expected.values.reduce(0) { $0 + $1.tensors.count } == 1_172)
  }
}
