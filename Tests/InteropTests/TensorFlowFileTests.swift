import Foundation
import StrictJSON
import Tensors
import TestSupport
import Testing

/// Real SavedModels from wheels, compared with what TensorFlow says of them (Tests/Fixtures/tensorflow/digest.py).
@Suite("Real TensorFlow files", .enabled(if: Peers.areThere(python: true)))
struct TensorFlowFileTests {
  /// The objects of `real.json`, by folder.
  static let expected: [String: JSONObject] = {
    let path = SourceFolder.fixtures + "/tensorflow/real.json"
    guard let bytes = try? TemporaryFolder.bytes(of: path),
      case .object(let folders)? = try? JSONParser().parse(bytes)
    else { return [:] }
    var result: [String: JSONObject] = [:]
    for folder in folders.members {
      if case .object(let object) = folder.value { result[folder.key] = object }
    }
    return result
  }()

  /// The line of a tensor: `name dtype extent,extent,… digest`.
  private static func line(_ row: JSONValue) -> String? {
    guard case .object(let row) = row, case .string(let name)? = row["name"],
      case .string(let dtype)? = row["dtype"], case .array(let shape)? = row["shape"],
      case .string(let digest)? = row["sha256"]
    else { return nil }
    let extents = shape.map { if case .integer(let extent) = $0 { "\(extent)" } else { "?" } }
    return "\(name) \(dtype) \(extents.joined(separator: ",")) \(digest)\n"
  }

  @Test(
    "every tensor has TensorFlow's name, dtype, shape and digest, also after a way through units",
    arguments: expected.keys.sorted())
  func agrees(_ folder: String) throws {
    let workshop = try Workshop()
    let python = try #require(Peers.python)
    let script = "import sysconfig; print(sysconfig.get_path('purelib'), end='')"
    let source = try workshop.run(python, ["-c", script]).outputText + "/" + folder
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
      let lines = rows.compactMap(Self.line).sorted { TensorName($0) < TensorName($1) }
      #expect(lines.count == rows.count)
      #expect(.string(SHA256Digest.of(Array(lines.joined().utf8)).description) == wanted["sha256"])
    }
  }

  @Test("there are two models with 33 tensors")
  func complete() {
    #expect(Self.expected.count == 2)
    let counts = Self.expected.values.compactMap {
      if case .integer(let count)? = $0["tensors"] { count } else { nil }
    }
    #expect(counts.count == 2 && counts.reduce(0, +) == 33)
  }
}
