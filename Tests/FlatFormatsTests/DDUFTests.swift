import ByteFiles
import TestSupport
import Testing
import Validation

@Suite("DDUF archives")
struct DDUFTests {
  private static let index = ZipBytes.Member(
    "model_index.json", Array(#"{"_class_name": "P", "vae": ["diffusers", "V"], "none": [null, null]}"#.utf8))
  private static let configuration = ZipBytes.Member("vae/config.json", Array("{}".utf8))
  private static let weights = ZipBytes.Member("vae/model.safetensors", [1, 2, 3])
  private static let sound = [index, configuration, weights]

  private func findings(_ members: [ZipBytes.Member]) throws -> [Finding] {
    let folder = try TemporaryFolder()
    let path = try folder.write(ZipBytes(members).file, as: "p.dduf")
    return try FileValidation.findings(in: try ReadableFile(path: path), deep: false)
  }

  @Test("a sound archive has one note, on what is not compared")
  func soundArchive() throws {
    let found = try findings(Self.sound)
    #expect(found.map(\.rule) == [.unexamined] && found.allSatisfy { $0.severity == .note }, "\(found)")
  }

  @Test("each broken rule is an error with its place")
  func broken() throws {
    func member(_ name: String, _ text: String = "") -> ZipBytes.Member {
      ZipBytes.Member(name, Array(text.utf8))
    }
    var packed = Self.weights
    packed.method = 8
    let cases: [([ZipBytes.Member], String)] = [
      ([Self.index, Self.configuration, packed], "member 'vae/model.safetensors': expected stored bytes"),
      (Self.sound + [member("vae/run.py")], "member 'vae/run.py': expected a name that ends in"),
      (Self.sound + [member("vae/a/b.json")], "member 'vae/a/b.json': expected at most one folder"),
      (Self.sound + [member("unet/config.json")], "folder 'unet': expected its name in model_index.json"),
      ([Self.index, Self.weights], "folder 'vae': expected one of config.json"),
      ([Self.index], "model_index.json, vae: expected a folder of this name"),
      ([Self.configuration, Self.weights], "archive: expected a member 'model_index.json'"),
      ([member("model_index.json", "[]")], "model_index.json: expected an object"),
      ([member("model_index.json", "{")], "model_index.json: expected JSON"),
    ]
    for (members, words) in cases {
      let errors = try findings(members).filter { $0.severity == .error && $0.rule == .parts }
      #expect(
        errors.contains { "\($0.location): \($0.message)".hasPrefix(words) }, "\(words): \(errors)")
    }
    // The archive itself is damaged.
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(ZipBytes(Self.sound).file.dropLast(30)), as: "p.dduf")
    let cut = try FileValidation.findings(in: try ReadableFile(path: path), deep: false)
    #expect(cut.contains { $0.severity == .error && $0.rule == .structure }, "\(cut)")
  }
}
