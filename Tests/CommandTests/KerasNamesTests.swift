import Foundation
import StrictJSON
import TestSupport
import Testing

/// `--names` on the files that Keras wrote (Tests/Fixtures/keras).
@Suite("Names of Keras")
struct KerasNamesTests {
  private static let home = SourceFolder.fixtures + "/keras"

  /// For each tensor in the order of the file, its name and digest.
  private static func rows(_ file: String, _ names: String) throws -> [(name: String, digest: String)] {
    let run = try tessera(["inspect", "\(home)/\(file)", "--names", names, "--digests", "--json"])
    try #require(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let document) = try JSONParser().parse(run.output),
      case .array(let tensors)? = document["tensors"]
    else { return [] }
    return tensors.compactMap { tensor in
      guard case .object(let fields) = tensor, case .string(let name)? = fields["name"],
        case .string(let digest)? = fields["sha256"]
      else { return nil }
      return (name, digest)
    }
  }

  static let files = [
    ("small.keras", "layers/"), ("small.weights.h5", "layers/"), ("small.h5", ""),
  ]

  @Test("the same tensors have the names of layers or the paths of their datasets", arguments: files)
  func both(file: String, prefix: String) throws {
    let layers = try Self.rows(file, "layers")
    let paths = try Self.rows(file, "paths")
    #expect(!layers.isEmpty)
    #expect(layers.map(\.digest) == paths.map(\.digest))
    #expect(zip(layers, paths).contains { $0.name != $1.name })
    #expect(paths.allSatisfy { $0.name.hasPrefix(prefix) && $0.name.contains("/") }, "\(paths)")
  }

  @Test(
    "a checkpoint with names of either kind is valid, and gives the same file back",
    arguments: ["layers", "paths"])
  func back(names: String) throws {
    let folder = try TemporaryFolder()
    for line in [
      ["convert", "\(Self.home)/small.keras", "m.h5", "--names", names], ["validate", "--deep", "m.h5"],
      ["convert", "m.h5", "back.keras"],
    ] {
      let run = try tessera(line, directory: folder.path)
      #expect(run.ending == .exited(0), "\(line): \(run.errorText)\(run.outputText)")
    }
    #expect(
      try TemporaryFolder.bytes(of: folder.file("back.keras"))
        == TemporaryFolder.bytes(of: "\(Self.home)/small.keras"))
  }

  @Test("a folder with the files of an index is checked as one set")
  func folderOfSet() throws {
    let folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.home) where name.hasPrefix("many") {
      try FileManager.default.copyItem(atPath: "\(Self.home)/\(name)", toPath: folder.file(name))
    }
    try FileManager.default.removeItem(atPath: folder.file("many.weights.h5"))
    var run = try tessera(["validate", "."], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.outputText)")
    #expect(run.outputText.contains("many_00003.weights.h5: ok (keras"), "\(run.outputText)")
    try FileManager.default.removeItem(atPath: folder.file("many_00003.weights.h5"))
    run = try tessera(["validate", "."], directory: folder.path)
    #expect(run.ending != .exited(0) && !run.outputText.contains(".weights.h5: ok"), "\(run.outputText)")
  }

  @Test("other names are refused")
  func refused() throws {
    let run = try tessera(["inspect", "\(Self.home)/small.keras", "--names", "class"])
    #expect(run.ending == .exited(64) && run.errorText.contains("layers") && run.errorText.contains("paths"))
  }
}
