import Foundation
import TestSupport
import Testing

@Suite("lock, and validate --locked")
struct LockTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write("", as: ".git/HEAD")
    let rows: [SampleWeights.Row] = (0..<6).map { ("t\($0)", "F32", [64]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "models/w.safetensors")
    _ = try folder.write(SampleWeights.pairs(megabytes: 1), as: "p.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    for arguments in [
      ["convert", "p.safetensors", "models/m.h5", "--plan", "plan.json"],
      ["convert", "models/w.safetensors", "models/set/", "--shard-size", "512"],
    ] { #expect(try tessera(arguments, directory: folder.path).code == 0) }
    try FileManager.default.removeItem(atPath: folder.file("p.safetensors"))
    return folder
  }

  @Test("hold every file and tensor, and are the same for the same files")
  func deterministic() throws {
    let folder = try folder()
    let first = try tessera(["lock", "models"], directory: folder.path)
    #expect(
      first.outputText == "wrote tessera.lock: 6 files, 16 tensors\n",
      "\(first.outputText) \(first.errorText)")
    let bytes = try TemporaryFolder.bytes(of: folder.file("tessera.lock"))
    let again = try tessera(
      ["lock", "./models/", "./models/w.safetensors", "-o", "again.lock"],
      directory: folder.path)
    #expect(again.code == 0, "\(again.errorText)")
    #expect(try TemporaryFolder.bytes(of: folder.file("again.lock")) == bytes)
    let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.outputText)")
    #expect(!run.outputText.contains("data not read"))
  }

  @Test("report what changed, appeared and disappeared")
  func changes() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    // Another t3, no t4, and a new t9.
    var rows: [SampleWeights.Row] = (0..<6).map { ("t\($0)", "F32", [64]) }
    rows[4].name = "t9"
    var changed = SampleWeights.bytes(rows)
    changed[changed.count - 3 * 256 + 5] ^= 1
    _ = try folder.write(changed, as: "models/w.safetensors")
    _ = try folder.write(changed, as: "models/new.safetensors")
    try FileManager.default.removeItem(atPath: folder.file("models/m.h5"))
    let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
    #expect(run.ending == .exited(1))
    for words in [
      "models/new.safetensors: 1 error",
      "error lock: expected a file that tessera.lock lists, found one that it lacks",
      "models/w.safetensors: 4 errors", "with SHA-256", "error lock: tensor 't3': expected SHA-256",
      "error lock: tensor 't9': expected a tensor that tessera.lock lists, found one that it lacks",
      "error lock: tensor 't4': expected the tensor of tessera.lock, found none",
      "models/m.h5: 1 error", "error lock: expected the file of tessera.lock, found none",
    ] { #expect(run.outputText.contains(words), "\(words) in\n\(run.outputText)") }
    #expect(
      !run.outputText.contains("'t2'"), "\(run.outputText)")
  }

  @Test("hold every file of a folder but hidden ones: configuration, tokenizer, code")
  func companions() throws {
    let folder = try folder()
    _ = try folder.write("{\"eps\": 1e-6}", as: "models/config.json")
    _ = try folder.write("secret", as: "models/.env")
    _ = try folder.write("# rules\n", as: "models/tessera.toml")
    let lock = try tessera(["lock", "models"], directory: folder.path)
    #expect(
      lock.outputText == "wrote tessera.lock: 7 files, 16 tensors\n", "\(lock.outputText) \(lock.errorText)")
    #expect(try tessera(["validate", "--locked", "models"], directory: folder.path).code == 0)
    _ = try folder.write("{\"eps\": 0.5}", as: "models/config.json")
    _ = try folder.write("import os\n", as: "models/modeling_new.py")
    _ = try folder.write("other", as: "models/.env")
    _ = try folder.write("a note\n", as: "beside.txt")
    for path in ["models", "."] {
      let run = try tessera(["validate", "--locked", path], directory: folder.path)
      #expect(run.ending == .exited(1))
      let lines = run.outputText.split(separator: "\n").map(String.init)
      for name in ["models/config.json", "models/modeling_new.py"] {
        let place = lines.firstIndex { $0.hasPrefix(name + ": ") }
        #expect(place.map { lines[$0 + 1].contains(" error lock: ") } == true, "\(run.outputText)")
      }
      #expect(lines.filter { $0.hasPrefix("  error ") }.count == 2, "\(run.outputText)")
    }
    try FileManager.default.removeItem(atPath: folder.file("models/config.json"))
    let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
    #expect(run.outputText.contains("models/config.json: 1 error"), "\(run.outputText)")
  }

  @Test("say that a file changed, and its tensors did not")
  func sameTensors() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    let bytes = try TemporaryFolder.bytes(of: folder.file("models/w.safetensors"))
    let size = Int(bytes[0]) | Int(bytes[1]) << 8
    let header = Array(bytes[8..<8 + size]) + [UInt8](repeating: 0x20, count: 8)
    _ = try folder.write(
      [UInt8((size + 8) & 255), UInt8((size + 8) >> 8)] + bytes[2..<8] + header + bytes[(8 + size)...],
      as: "models/w.safetensors")
    let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
    #expect(run.ending == .exited(1))
    #expect(run.outputText.contains("; every tensor is the same\n"), "\(run.outputText)")
  }

  @Test("apply every lock and every tessera.toml above a file: one deeper down takes no rule away")
  func nested() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    _ = try folder.write(
      "[[files]]\nmatch = \"**/w.safetensors\"\nlargest-file = \"1kB\"\n", as: "tessera.toml")
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/w.safetensors"))
    bytes[bytes.count - 1] ^= 1
    _ = try folder.write(bytes, as: "models/w.safetensors")
    #expect(try tessera(["lock", "w.safetensors"], directory: folder.file("models")).code == 0)
    _ = try folder.write(
      "[[files]]\nmatch = \"nothing\"\nlargest-file = \"9GB\"\n", as: "models/tessera.toml")
    for path in ["models", "models/w.safetensors", "."] {
      let run = try tessera(["validate", "--locked", path], directory: folder.path)
      #expect(run.ending == .exited(1), "\(path)")
      #expect(run.outputText.contains("with SHA-256"), "\(path): \(run.outputText)")
      #expect(run.outputText.contains("files[0].largest-file"), "\(path): \(run.outputText)")
      #expect(run.outputText.contains("project: tessera.toml (rules for 1 file)"), "\(run.outputText)")
    }
    let inside = try tessera(
      ["validate", "--locked", "w.safetensors", "--json"], directory: folder.file("models"))
    let document = try #require(try JSONSerialization.jsonObject(with: Data(inside.output)) as? [String: Any])
    let files = try #require(document["files"] as? [[String: Any]])
    #expect(
      (files[0]["documents"] as? [String])?.map { $0.split(separator: "/").last } == [
        "tessera.toml", "tessera.lock", "tessera.lock",
      ])
  }

  @Test("report every locked file below a folder that cannot be checked there, and compare hidden ones")
  func unreachable() throws {
    let changes: [(what: String, words: String?, change: (TemporaryFolder) throws -> Void)] = [
      ("none", nil, { _ in }),
      (
        "a dangling link", "models/a.safetensors: 1 error",
        { folder in
          try FileManager.default.removeItem(atPath: folder.file("models/a.safetensors"))
          try FileManager.default.createSymbolicLink(
            atPath: folder.file("models/a.safetensors"), withDestinationPath: "nowhere")
        }
      ),
      (
        "a folder", "models/a.safetensors: 1 error",
        { folder in
          try FileManager.default.removeItem(atPath: folder.file("models/a.safetensors"))
          try FileManager.default.createDirectory(
            atPath: folder.file("models/a.safetensors"), withIntermediateDirectories: false)
        }
      ),
      (
        "a pipe", "models/a.safetensors: 1 error",
        { folder in
          try FileManager.default.removeItem(atPath: folder.file("models/a.safetensors"))
          #expect(try shell("mkfifo models/a.safetensors", [], folder.path).code == 0)
        }
      ),
      (
        "a link to another folder", "models/sub/b.safetensors: 1 error",
        { folder in
          try FileManager.default.moveItem(
            atPath: folder.file("models/sub"), toPath: folder.file("elsewhere"))
          var bytes = try TemporaryFolder.bytes(of: folder.file("elsewhere/b.safetensors"))
          bytes[bytes.count - 1] ^= 1
          _ = try folder.write(bytes, as: "elsewhere/b.safetensors")
          try FileManager.default.createSymbolicLink(
            atPath: folder.file("models/sub"), withDestinationPath: "../elsewhere")
        }
      ),
      (
        "a changed hidden file", "models/.h.safetensors: 1 error",
        { folder in
          var bytes = try TemporaryFolder.bytes(of: folder.file("models/.h.safetensors"))
          bytes[bytes.count - 1] ^= 1
          _ = try folder.write(bytes, as: "models/.h.safetensors")
        }
      ),
    ]
    for (what, words, change) in changes {
      let folder = try TemporaryFolder()
      _ = try folder.write("", as: ".git/HEAD")
      for name in ["a", "sub/b", ".h"] {
        _ = try folder.write(SampleWeights.bytes([("t", "F32", [64])]), as: "models/\(name).safetensors")
      }
      let lock = try tessera(["lock", "models", "models/.h.safetensors"], directory: folder.path)
      #expect(lock.code == 0, "\(lock.errorText)")
      try change(folder)
      let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
      #expect(run.ending == .exited(words == nil ? 0 : 1), "\(what): \(run.outputText)")
      if let words { #expect(run.outputText.contains(words), "\(what): \(run.outputText)") }
    }
  }

  @Test("hold an ONNX model's external data, and can be written again")
  func externalData() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("", as: ".git/HEAD")
    try Self.onnx(in: folder)
    for path in ["m.onnx", "."] {
      for _ in 0..<2 {
        let lock = try tessera(["lock", path], directory: folder.path)
        #expect(lock.code == 0, "\(lock.errorText)")
      }
      #expect(try tessera(["validate", "--locked", path], directory: folder.path).code == 0)
    }
    var bytes = try TemporaryFolder.bytes(of: folder.file("m.onnx.data"))
    bytes[0] ^= 1
    _ = try folder.write(bytes, as: "m.onnx.data")
    for path in ["m.onnx", "."] {
      let run = try tessera(["validate", "--locked", path], directory: folder.path)
      #expect(run.ending == .exited(1) && run.outputText.contains("m.onnx.data"), "\(run.outputText)")
    }
  }

  /// A model with one weight in `m.onnx.data`.
  private static func onnx(in folder: TemporaryFolder) throws {
    let ones = withUnsafeBytes(of: Float(1).bitPattern.littleEndian) { Array($0) }
    _ = try folder.write((0..<6).flatMap { _ in ones }, as: "m.onnx.data")
    _ = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x", [2, 2])
        graph.tensor("w", [2, 3]) { $0.external([("location", "m.onnx.data")]) }
        graph.node("MatMul", ["x", "w"], ["y"], name: "mul")
        graph.value(12, "y", [2, 3])
      }, as: "m.onnx")
  }

  @Test("find files whose names begin with characters that join the slash before them")
  func joiners() throws {
    for start in ["\u{200D}", "\u{301}", "\u{FE0F}", "\u{1F3FD}"] {
      let folder = try TemporaryFolder()
      _ = try folder.write("", as: ".git/HEAD")
      let name = "models/\(start)w.safetensors"
      _ = try folder.write(SampleWeights.bytes([("t", "F32", [64])]), as: "w.safetensors")
      // Foundation would write a name that begins with a combining character in another form.
      #expect(try shell("mkdir models && mv w.safetensors \"$0\"", [name], folder.path).code == 0)
      #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
      _ = try folder.write(
        "[[files]]\nmatch = \"models/*.safetensors\"\ndtypes = [\"F16\"]\n", as: "tessera.toml")
      for path in ["models", ".", name] {
        let run = try tessera(["validate", "--locked", path], directory: folder.path)
        #expect(
          run.ending == .exited(1) && run.outputText.contains("tessera.toml (rules for 1 file)"),
          "\(run.outputText)")
        #expect(run.outputText.contains("expected dtype F16, found F32"), "\(run.outputText)")
        #expect(run.outputText.contains("lock: tessera.lock (lists 1 file)"), "\(run.outputText)")
      }
    }
  }

  @Test("report a changed shard, with the tensor that changed in the set")
  func shards() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("models/set")).sorted()
    let shard = try #require(names.first { $0.contains("00002-of") })
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/set/\(shard)"))
    bytes[bytes.count - 1] ^= 0x40
    _ = try folder.write(bytes, as: "models/set/\(shard)")
    let run = try tessera(["validate", "--locked", "models/set"], directory: folder.path)
    #expect(run.ending == .exited(1))
    #expect(run.outputText.contains("tensor 't3': expected SHA-256"), "\(run.outputText)")
    #expect(run.outputText.components(separatedBy: "with SHA-256").count == 2, "\(run.outputText)")
  }

  @Test("believe no digest that a checkpoint states: its pages are hashed")
  func damagedPages() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/m.h5"))
    let page = try #require(bytes.indices.last { bytes[$0] != 0 && $0 < bytes.count * 3 / 4 })
    bytes[page] ^= 1
    _ = try folder.write(bytes, as: "models/m.h5")
    let run = try tessera(["validate", "--locked", "models/m.h5"], directory: folder.path)
    #expect(run.ending == .exited(1))
    #expect(run.outputText.contains("error page-checksum: "), "\(run.outputText)")
    #expect(run.outputText.contains("error lock: expected "), "\(run.outputText)")
    #expect(run.outputText.contains("expected tensors to compare with tessera.lock"), "\(run.outputText)")
    #expect(!run.outputText.contains("is the same"), "\(run.outputText)")
    // A file with errors is refused, whether it or its folder is given.
    for path in ["models/m.h5", "models"] {
      let sentence = try tessera(["lock", path, "-o", "other.lock"], directory: folder.path).sentence()
      #expect(sentence.hasPrefix("models/m.h5: "), "\(sentence)")
    }
    try FileManager.default.removeItem(atPath: folder.file("models/m.h5"))
    try FileManager.default.moveItem(
      atPath: folder.file("models/w.safetensors"), toPath: folder.file("models/w.npz"))
    for path in ["models/w.npz", "models"] {
      let sentence = try tessera(["lock", path, "-o", "other.lock"], directory: folder.path).sentence()
      #expect(
        sentence == "models/w.npz: expected npz from its name, found safetensors", "\(path): \(sentence)")
    }
  }

  @Test("are about files in their own folder, whatever paths they have")
  func outside() throws {
    let folder = try folder()
    let digest = String(repeating: "0", count: 64)
    let paths = ["../w", "/etc/hostname", "a//b", "./a", "a/..", "", "a/./b", "models/../../w", "a/", "."]
    for path in paths {
      let file = "{\"path\": \"\(path)\", \"kind\": \"other\", \"bytes\": 1, \"sha256\": \"\(digest)\"}"
      for (text, place) in [
        ("\"files\": [\(file)]", "files[0].path"),
        ("\"folders\": [\"\(path)\"], \"files\": []", "folders[0]"),
      ] where place != "folders[0]" || path != "." {
        _ = try folder.write("{\"format\": \"tessera.lock/1\", \(text)}", as: "models/tessera.lock")
        #expect(
          try tessera(["validate", "--locked", "models"], directory: folder.path).sentence()
            == "models/tessera.lock: \(place): expected a path in the folder of the lock, found '\(path)'")
      }
    }
  }

  @Test("name each file once")
  func twice() throws {
    let folder = try folder()
    let digest = String(repeating: "0", count: 64)
    let files = ["a", "b", "a"].map {
      "{\"path\": \"\($0)\", \"kind\": \"other\", \"bytes\": 1, \"sha256\": \"\(digest)\"}"
    }
    _ = try folder.write(
      "{\"format\": \"tessera.lock/1\", \"files\": [\(files.joined(separator: ", "))]}",
      as: "models/tessera.lock")
    #expect(
      try tessera(["validate", "--locked", "models"], directory: folder.path).sentence()
        == "models/tessera.lock: files[2].path: expected each path once, found 'a' again")
  }

  @Test("have a rule of their own, and --rule project=off leaves it on")
  func rule() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/w.safetensors"))
    bytes[bytes.count - 1] ^= 1
    _ = try folder.write(bytes, as: "models/w.safetensors")
    let arguments = ["validate", "--locked", "models/w.safetensors"]
    for (rule, code) in [("project=off", 1), ("lock=off", 0), ("lock=note", 0), ("signature=off", 1)] {
      #expect(
        try tessera(arguments + ["--rule", rule], directory: folder.path).ending == .exited(Int32(code)),
        "\(rule)")
    }
    let sarif = try tessera(arguments + ["--format", "sarif"], directory: folder.path).outputText
    #expect(sarif.contains("\"lock.changed\"") || sarif.contains("\"ruleId\": \"lock\""), "\(sarif)")
    #expect(sarif.contains("run 'tessera lock' again"), "\(sarif)")
    // Without a lock, the rule does not run.
    let junit = try tessera(
      ["validate", "models/w.safetensors", "--format", "junit"], directory: folder.path
    ).outputText
    #expect(!junit.contains("name=\"lock\"") && !junit.contains("name=\"project\""), "\(junit)")
  }

  @Test("are refused if they are absent, malformed or cannot be written")
  func refusals() throws {
    let folder = try folder()
    #expect(
      try tessera(["validate", "--locked", "models"], directory: folder.path).sentence().contains(
        "tessera.lock"))
    _ = try folder.write(#"{"format": "tessera.lock/1", "files": [{"path": "a"}]}"#, as: "bad.lock")
    #expect(
      try tessera(["validate", "--lock", "bad.lock", "models"], directory: folder.path).sentence()
        == "bad.lock: files[0]: expected the key 'kind', found none")
    let outside = try tessera(["lock", "models", "-o", "models/set/x.lock"], directory: folder.path)
      .sentence()
    #expect(outside.contains("found one outside"), "\(outside)")
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/m.h5"))
    bytes.removeLast(900)
    _ = try folder.write(bytes, as: "models/m.h5")
    #expect(try tessera(["lock", "models"], directory: folder.path).sentence().hasPrefix("models/m.h5: "))
    #expect(!(try folder.names().contains("tessera.lock")))
  }
}
