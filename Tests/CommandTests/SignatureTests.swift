import Foundation
import TestSupport
import Testing

@Suite("validate --signature")
struct SignatureTests {
  private static let fixture = SourceFolder.fixtures + "/signature"

  /// The signed model beside its signatures, which OpenSSF's model_signing wrote (`make.py`).
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["model", "files.sig", "shards.sig", "blake2.sig", "one.sig"] {
      try FileManager.default.copyItem(atPath: "\(Self.fixture)/\(name)", toPath: folder.file(name))
    }
    return folder
  }

  private func validate(_ signature: String, _ path: String, _ folder: TemporaryFolder) throws -> Subprocess {
    try tessera(["validate", "--signature", signature, path], directory: folder.path)
  }

  @Test("compare every file, whole or in parts, and say that the signer was not verified")
  func sound() throws {
    let folder = try folder()
    for (signature, path, count) in [
      ("files.sig", "model", "5 signed files"), ("shards.sig", "model/", "5 signed files"),
      ("./files.sig", "./model", "5 signed files"), ("one.sig", "model/weights.safetensors", "1 signed file"),
    ] {
      let run = try validate(signature, path, folder)
      #expect(run.ending == .exited(0), "\(signature): \(run.outputText) \(run.errorText)")
      #expect(
        run.outputText.hasSuffix(
          "  note signature: compared the digests of \(count); the signature and the identity of the signer were not verified\n"
        ), "\(run.outputText)")
    }
    let inside = try tessera(
      ["validate", "--signature", "../files.sig", "."], directory: folder.file("model"))
    #expect(inside.ending == .exited(0), "\(inside.outputText) \(inside.errorText)")
  }

  @Test("report each changed, lengthened, missing and new file, at that file")
  func changes() throws {
    let names = [".hidden", "README.md", "config.json", "sub/more.safetensors", "weights.safetensors"]
    var count = 0
    for signature in ["files.sig", "shards.sig"] {
      for name in names {
        let place = "model/\(name)"
        let folder = try folder()
        let sound = try TemporaryFolder.bytes(of: folder.file(place))
        var changed = sound
        changed[changed.count - 1] ^= 1
        for (bytes, words) in [
          (changed, "expected SHA-256 "), (sound + [0], "expected "),
          (nil, "expected the file of \(signature), found none"),
        ] {
          if let bytes {
            _ = try folder.write(bytes, as: place)
          } else {
            try FileManager.default.removeItem(atPath: folder.file(place))
          }
          let run = try validate(signature, "model", folder)
          #expect(run.ending == .exited(1), "\(place): \(run.outputText)")
          let lines = run.outputText.split(separator: "\n")
          let file = lines.firstIndex { $0.hasPrefix("\(place): ") }
          let finding = lines.firstIndex { $0.contains(" signature: \(words)") }
          #expect(file != nil && finding.map { $0 > (file ?? 0) } == true, "\(place): \(run.outputText)")
          count += 1
        }
        _ = try folder.write(sound, as: place)
        _ = try folder.write(sound, as: "\(place).new")
        let run = try validate(signature, "model", folder)
        #expect(run.ending == .exited(1))
        #expect(
          run.outputText.contains(
            "warning unexamined: expected a file that \(signature) lists, found one that it lacks"),
          "\(run.outputText)")
        count += 1
      }
    }
    #expect(count == 40)
  }

  @Test("compare one file of a folder with the signature beside it")
  func oneOfMany() throws {
    let folder = try folder()
    for name in ["files.sig", "shards.sig"] {
      try FileManager.default.moveItem(atPath: folder.file(name), toPath: folder.file("model/\(name)"))
    }
    let run = try validate("model/files.sig", "model/weights.safetensors", folder)
    #expect(run.ending == .exited(0), "\(run.outputText)")
    #expect(run.outputText.contains("1 of 5 signed files"), "\(run.outputText)")
    let other = try validate("model/files.sig", "model/shards.sig", folder)
    #expect(other.ending == .exited(2), "\(other.outputText)")
    // The signature itself is no file of the model; another one is.
    let whole = try validate("model/files.sig", "model", folder)
    #expect(whole.ending == .exited(1))
    #expect(whole.outputText.contains("model/shards.sig"), "\(whole.outputText)")
    #expect(!whole.outputText.contains("model/files.sig: not examined"), "\(whole.outputText)")
    let outside = try validate("model/files.sig", "one.sig", folder)
    #expect(outside.ending == .exited(2))
    try FileManager.default.copyItem(
      atPath: folder.file("model/files.sig"), toPath: folder.file("elsewhere.sig"))
    // The signature may be elsewhere, and the end of the path decides.
    for path in ["model/weights.safetensors", "model/sub/more.safetensors"] {
      let run = try validate("elsewhere.sig", path, folder)
      #expect(run.ending == .exited(0), "\(run.outputText) \(run.errorText)")
    }
    try FileManager.default.moveItem(
      atPath: folder.file("model/sub/more.safetensors"), toPath: folder.file("more.safetensors"))
    let moved = try validate("model/files.sig", "more.safetensors", folder)
    #expect(
      moved.ending == .exited(1) && moved.outputText.contains("lists, found one that it lacks"),
      "\(moved.outputText)")
  }

  @Test("name what is not compared: links to folders")
  func links() throws {
    let folder = try folder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("model/linked"), withDestinationPath: "sub")
    let run = try validate("files.sig", "model", folder)
    #expect(run.ending == .exited(1))
    #expect(
      run.outputText.contains("unexamined: expected a file to compare, found a link to a folder"),
      "\(run.outputText)")
  }

  @Test("name what the signature ignores, and warn of weights among it")
  func ignored() throws {
    let folder = try folder()
    _ = try folder.write("x", as: "model/.git/config")
    let statement = try Self.statement(
      [("config.json", "sha256")], ignoring: [".git", "sub", "weights.safetensors"])
    _ = try folder.write([UInt8](Self.bundle(statement)), as: "lie.sig")
    let run = try validate("lie.sig", "model", folder)
    #expect(run.ending == .exited(1))
    for name in ["model/sub/more.safetensors", "model/weights.safetensors"] {
      let lines = run.outputText.split(separator: "\n").map(String.init)
      let place = lines.firstIndex { $0.hasPrefix(name + ": ") }
      #expect(
        place.map {
          lines[($0 + 1)...].prefix(3).contains {
            $0.hasPrefix("  warning unexamined: expected signed weights")
          }
        } == true,
        "\(run.outputText)")
    }
    #expect(
      run.outputText.contains("; the signature ignores 'model/sub', 'model/weights.safetensors'\n"),
      "\(run.outputText)")
  }

  @Test("accept an empty file beside parts, which has none")
  func emptyFile() throws {
    let folder = try folder()
    _ = try folder.write([UInt8](), as: "model/__init__.py")
    #expect(try validate("shards.sig", "model", folder).ending == .exited(0))
    #expect(try validate("files.sig", "model", folder).ending == .exited(1))
  }

  @Test("see files whose names begin with characters that join the slash before them")
  func joiners() throws {
    for name in ["\u{200D}.git", "sub/\u{301}README.md", "\u{200D}weights.safetensors", "\u{200D}sub/x.py"] {
      let folder = try folder()
      let made = try shell(
        "mkdir -p \"$(dirname \"$0\")\" && echo evil > \"$0\"", ["model/\(name)"], folder.path)
      #expect(made.code == 0, "\(made.errorText)")
      let run = try validate("files.sig", "model", folder)
      #expect(run.ending == .exited(1), "\(name): \(run.outputText)")
    }
    let folder = try folder()
    try FileManager.default.moveItem(
      atPath: folder.file("model/config.json"), toPath: folder.file("model/\u{200D}config.json"))
    #expect(try validate("files.sig", "model", folder).ending == .exited(1))
  }

  @Test("give JSON and SARIF the same findings")
  func documents() throws {
    let folder = try folder()
    _ = try folder.write("{}", as: "model/config.json")
    let run = try tessera(
      ["validate", "--signature", "files.sig", "model", "--json"], directory: folder.path)
    let document = try #require(try JSONSerialization.jsonObject(with: Data(run.output)) as? [String: Any])
    let findings = try #require(document["findings"] as? [[String: Any]])
    #expect(
      findings.contains {
        $0["file"] as? String == "model/config.json" && $0["severity"] as? String == "error"
      })
    #expect(findings.contains { $0["file"] as? String == "files.sig" && $0["severity"] as? String == "note" })
  }

  // MARK: Bundles that are refused

  private static let digest = String(repeating: "ab", count: 32)

  /// A bundle whose payload is `statement`; the digest of the subject is right unless the statement has one.
  private static func bundle(_ statement: [String: Any]) throws -> Data {
    let payload = try JSONSerialization.data(withJSONObject: statement)
    return try JSONSerialization.data(withJSONObject: [
      "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
      "dsseEnvelope": [
        "payload": payload.base64EncodedString(), "payloadType": "application/vnd.in-toto+json",
        "signatures": [],
      ],
    ])
  }

  private static func statement(
    _ resources: [(name: String, algorithm: String)], method: String = "files", root: String? = nil,
    ignoring: [String] = [],
    type: String = "https://in-toto.io/Statement/v1",
    predicateType: String = "https://model_signing/signature/v1.0"
  ) throws -> [String: Any] {
    // Computed by a program without this one.
    let sum = try shell(
      "printf '\(String(repeating: "\\253", count: 32 * resources.count))' | sha256sum", [], "/")
    return [
      "_type": type, "predicateType": predicateType,
      "subject": [["name": "m", "digest": ["sha256": root ?? String(sum.outputText.prefix(64))]]],
      "predicate": [
        "serialization": [
          "method": method, "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": ignoring,
        ],
        "resources": resources.map { ["name": $0.name, "algorithm": $0.algorithm, "digest": digest] },
      ],
    ]
  }

  @Test("refuse every malformed bundle with one sentence that names the place")
  func malformed() throws {
    let folder = try folder()
    func files(_ names: String..., method: String = "files") throws -> Data {
      try Self.bundle(try Self.statement(names.map { ($0, "sha256") }, method: method))
    }
    let sound = try #require(
      String(data: Data(TemporaryFolder.bytes(of: folder.file("files.sig"))), encoding: .utf8))
    let payload = try #require(sound.firstMatch(of: #/"payload": ?"([^"]+)"/#)?.1)
    func replaced(_ other: String) -> Data { Data(sound.replacing(payload, with: other).utf8) }
    let rows: [(String, Data, String)] = [
      ("not JSON", Data("signature".utf8), "expected JSON"),
      ("no envelope", Data(#"{"messageSignature": {}}"#.utf8), "'dsseEnvelope'"),
      ("an array", Data("[]".utf8), "expected an object"),
      (
        "another type of payload", Data(sound.replacing("vnd.in-toto+json", with: "json").utf8), "payloadType"
      ),
      ("cut base64", replaced(String(payload.dropLast(1))), "dsseEnvelope.payload: expected base64"),
      ("base64 with a space", replaced("\(payload.prefix(4)) \(payload.dropFirst(5))"), "expected base64"),
      ("base64 for addresses", replaced("-_-_"), "expected base64"),
      ("a payload that is not JSON", replaced("AAAA"), "payload: expected JSON"),
      ("a number as payload", Data(sound.replacing("\"\(payload)\"", with: "7").utf8), "expected a string"),
      (
        "another statement",
        try Self.bundle(try Self.statement([("a", "sha256")], type: "https://in-toto.io/Statement/v0.1")),
        "payload._type: expected https://in-toto.io/Statement/v1"
      ),
      (
        "another predicate",
        try Self.bundle(
          try Self.statement([("a", "sha256")], predicateType: "https://slsa.dev/provenance/v1")),
        "payload.predicateType"
      ),
      (
        "another digest of all", try Self.bundle(try Self.statement([("a", "sha256")], root: Self.digest)),
        "over the digests of 'resources'"
      ),
      (
        "blake3", try Self.bundle(try Self.statement([("a", "blake3")])),
        "resources[0].algorithm: expected sha256"
      ),
      ("another method", try files("a", method: "chunks"), "serialization.method"),
      ("no files", try files(), "at least one file"),
      ("a file twice", try files("a", "a"), "resources[1].name: expected each byte of each file once"),
      ("a file and a folder", try files(".", "a"), "one file or the files of a folder"),
      ("an absolute path", try files("/etc/hostname"), "expected a path in the model's folder"),
      ("a path upwards", try files("a/../../b"), "expected a path in the model's folder"),
      ("a doubled slash", try files("a//b"), "expected a path in the model's folder"),
      ("an empty path", try files(""), "expected a path in the model's folder"),
      ("NUL", try files("a\u{0}b"), "expected a path in the model's folder"),
      ("a part without numbers", try files("a", method: "shards"), "and a part as in a:0:5"),
      (
        "a part that ends first", try files("a:0:5", "a:5:5", method: "shards"), "each byte of each file once"
      ),
      ("a hole", try files("a:0:5", "a:6:9", method: "shards"), "each byte of each file once"),
      ("an overlap", try files("a:0:5", "a:4:9", method: "shards"), "each byte of each file once"),
      ("a late start", try files("a:1:5", method: "shards"), "each byte of each file once"),
      (
        "a number that is too large", try files("a:0:99999999999999999999", method: "shards"),
        "and a part as in"
      ),
      ("a signed number", try files("a:0:+5", method: "shards"), "and a part as in"),
    ]
    for (what, bytes, words) in rows {
      _ = try folder.write([UInt8](bytes), as: "bad.sig")
      let run = try validate("bad.sig", "model", folder)
      #expect(run.ending == .exited(2), "\(what): \(run.outputText) \(run.errorText)")
      #expect(
        run.errorText.contains("bad.sig: ") && run.errorText.contains(words), "\(what): \(run.errorText)")
      #expect(run.errorText.split(separator: "\n").count == 1, "\(what): \(run.errorText)")
    }
    let blake = try validate("blake2.sig", "model", folder)
    #expect(blake.ending == .exited(2) && blake.errorText.contains("found 'blake2b'"), "\(blake.errorText)")
    let single = try validate("one.sig", "model", folder)
    #expect(single.ending == .exited(2) && single.errorText.contains("a single file"), "\(single.errorText)")
  }

  @Test("read the statements of releases before 1.0, in which each file is a subject")
  func oldStatement() throws {
    let folder = try folder()
    let names = [".hidden", "README.md", "config.json", "sub/more.safetensors", "weights.safetensors"]
    let subjects = try names.map { name in
      let sum = try shell("sha256sum \"$0\"", ["model/\(name)"], folder.path)
      return ["name": name, "digest": ["sha256": String(sum.outputText.prefix(64))]] as [String: Any]
    }
    _ = try folder.write(
      [UInt8](
        try Self.bundle([
          "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://model_signing/Digests/v0.1",
          "subject": subjects, "predicate": ["unused": "unused"],
        ])), as: "old.sig")
    let run = try validate("old.sig", "model", folder)
    #expect(run.ending == .exited(0), "\(run.outputText) \(run.errorText)")
    _ = try folder.write("b\n", as: "model/.hidden")
    #expect(try validate("old.sig", "model", folder).ending == .exited(1))
  }
}
