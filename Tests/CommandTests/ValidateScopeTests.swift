import Foundation
import TestSupport
import Testing

@Suite("validate says what it checked")
struct ValidateScopeTests {
  /// Inputs that failed once, with arguments, the exit code, and the expected words.
  private static let cases: [(file: String, arguments: [String], code: Int32, words: [String])] = [
    ("validate-good-numpy.pt", [], 0, ["ok, 4 notes (pytorch, 3 tensors", "note pickle-globals"]),
    (
      "validate-bad-join.pt", [], 1,
      [
        "2 errors", "error pickle-globals", "'builtins.getattr', which can run code",
        "'importlib.import_module'",
      ]
    ),
    ("validate-nan.safetensors", ["--deep"], 0, ["ok, 9 notes (safetensors, 13 tensors)"]),
    ("validate-nan.safetensors", ["--deep", "--rule", "non-finite=error"], 1, ["9 errors", "1 -Inf of 1"]),
    (
      "validate-nan.safetensors", ["--deep", "--rule", "non-finite=error", "--allow-minus-infinity", "f64"],
      1,
      ["8 errors"]
    ),
    ("validate-nan.safetensors", ["--deep", "--rule", "non-finite=off"], 0, ["ok (safetensors"]),
    ("validate-nan.safetensors", ["--deep", "--fail-on", "note"], 1, ["safetensors: 9 notes ("]),
    (
      "read-build-state.pt", [], 1, ["error dtype-and-shape: tensor 'w'", "a state that replaces it (BUILD)"]
    ),
    (
      "read-subclass.pt", [], 1,
      [
        "warning unexamined: 'wrapped': expected only parts that a reader uses", "warning pickle-globals",
        "'torchao.Packed', which is unknown",
      ]
    ),
    ("read-subclass.pt", ["--fail-on", "error"], 0, ["ok, 3 warnings"]),
  ]

  @Test("the inputs that failed once have the verdicts that are right")
  func formerFailures() throws {
    var count = 0
    for (file, arguments, code, words) in Self.cases {
      guard let path = SourceFolder.caseFile(file) else { continue }
      let run = try tessera(["validate", path] + arguments)
      #expect(run.ending == .exited(code), "\(file) \(arguments): \(run.outputText)\(run.errorText)")
      for word in words { #expect(run.outputText.contains(word), "\(file) \(arguments): \(run.outputText)") }
      count += 1
    }
    #expect(count == Self.cases.count || !Peers.isCI)
  }

  @Test("the other commands refuse a tensor that is changed after it was rebuilt")
  func buildState() throws {
    guard let path = SourceFolder.caseFile("read-build-state.pt") else { return }
    let folder = try TemporaryFolder()
    for arguments in [["inspect", path], ["convert", path, folder.file("o.safetensors")], ["count", path]] {
      #expect(try tessera(arguments).sentence().contains("found a state that replaces it (BUILD)"))
    }
  }

  /// A folder with a set of shards, sound and damaged files, files of other kinds, and a subfolder.
  private func downloaded() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = (0..<4).map { ("t\($0)", "U8", [16]) }
    let bytes = SampleWeights.bytes(rows)
    _ = try folder.write(bytes, as: "w.safetensors")
    let run = try tessera(["convert", "w.safetensors", "m/", "--shard-size", "32"], directory: folder.path)
    try #require(run.ending == .exited(0), "\(run.errorText)")
    try FileManager.default.createDirectory(atPath: folder.file("m/sub"), withIntermediateDirectories: true)
    _ = try folder.write(bytes, as: "m/sub/good.safetensors")
    _ = try folder.write("{}", as: "m/config.json")
    _ = try folder.write("# A model\n", as: "m/README.md")
    _ = try folder.write("x", as: "m/.hidden")
    return folder
  }

  private static let sound = """
    m/README.md: not examined (text)
    m/config.json: ok, 1 note (json)
      note unexamined: expected model_type, found none: the file is not compared with the tensors
    m/model.safetensors.index.json: ok (safetensors-sharded, 4 tensors)
    m/model-00001-of-00002.safetensors: ok (safetensors)
    m/model-00002-of-00002.safetensors: ok (safetensors)
    m/sub/good.safetensors: ok (safetensors, 4 tensors)
    m/.hidden: not examined (its name is hidden)

    """

  @Test("every file of a folder is named, with its verdict or with what it is")
  func folders() throws {
    let folder = try downloaded()
    let run = try tessera(["validate", "--deep", "m"], directory: folder.path)
    #expect(run.ending == .exited(0) && run.outputText == Self.sound, "\(run.outputText)\(run.errorText)")
    let strict = try tessera(["validate", "--deep", "--strict", "m/"], directory: folder.path)
    #expect(strict.ending == .exited(1))
    #expect(strict.outputText.components(separatedBy: "warning unexamined: expected a file").count == 3)
    let json = try tessera(["validate", "m", "--json"], directory: folder.path)
    let document = try JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any]
    let files = try #require(document?["files"] as? [[String: Any]])
    #expect(
      files.compactMap { $0["file"] as? String }
        == Self.sound.split(separator: "\n").filter { $0.first != " " }.map {
          String($0.prefix { $0 != ":" })
        })
    #expect(files.filter { $0["checked"] as? Bool == false }.compactMap { $0["why"] as? String }.count == 2)
  }

  @Test("a folder is not sound when one of its files is damaged, missing, or of another format")
  func damagedFolders() throws {
    let changes: [(what: String, words: String, change: (TemporaryFolder) throws -> Void)] = [
      (
        "a truncated file", "m/cut.safetensors: 1 error",
        {
          _ = try $0.write(
            Array(try TemporaryFolder.bytes(of: $0.file("w.safetensors")).dropLast(3)),
            as: "m/cut.safetensors")
        }
      ),
      (
        "an empty one", "m/none.safetensors: 1 error",
        { _ = try $0.write([UInt8](), as: "m/none.safetensors") }
      ),
      (
        "a pointer", "m/x.safetensors: 1 error",
        { _ = try $0.write("version https://git-lfs.github.com/spec/v1\n", as: "m/x.safetensors") }
      ),
      (
        "a pointer of another format",
        "error format: expected the content of the file, found a Git LFS pointer",
        { _ = try $0.write("version https://git-lfs.github.com/spec/v1\n", as: "m/tokenizer.json") }
      ),
      (
        "an empty file with a name of weights", "m/a.bin: 1 error",
        { _ = try $0.write([UInt8](), as: "m/a.bin") }
      ),
      (
        "a web page with a name of weights", "m/model.ckpt: 1 error",
        { _ = try $0.write("<!DOCTYPE html><html>\n", as: "m/model.ckpt") }
      ),
      (
        "a message of a server", "m/flax_model.msgpack: 1 error",
        { _ = try $0.write("Entry not found", as: "m/flax_model.msgpack") }
      ),
      (
        "three bytes that should be PyTorch weights", "expected pytorch from its name",
        { _ = try $0.write([1, 2, 0xFF], as: "m/pytorch_model-00001-of-00002.bin") }
      ),
      (
        "a pickle by another name", "found pickle",
        { _ = try $0.write([0x80, 2, 0x7D, 0x2E], as: "m/sub/p.safetensors") }
      ),
      (
        "a pickle that runs code", "error pickle-globals",
        { _ = try $0.write("cos\nsystem\n(S'a'\ntR.", as: "m/a.pkl") }
      ),
      (
        "a truncated shard", "m/model-00002-of-00002.safetensors: 1 error",
        {
          let shard = $0.file("m/model-00002-of-00002.safetensors")
          _ = try $0.write(
            Array(try TemporaryFolder.bytes(of: shard).dropLast()), as: "m/model-00002-of-00002.safetensors")
        }
      ),
      (
        "a missing shard", "expected the shard that the index names, found none",
        { try FileManager.default.removeItem(atPath: $0.file("m/model-00002-of-00002.safetensors")) }
      ),
      (
        "a set without its index and a shard", "found none named 'model-00002-of-00002.safetensors'",
        {
          for name in ["model-00002-of-00002.safetensors", "model.safetensors.index.json"] {
            try FileManager.default.removeItem(atPath: $0.file("m/" + name))
          }
        }
      ),
    ]
    for (what, words, change) in changes {
      for deep in [[], ["--deep"]] {
        let folder = try downloaded()
        try change(folder)
        let run = try tessera(["validate", "m"] + deep, directory: folder.path)
        #expect(run.ending == .exited(1), "\(what): \(run.ending) \(run.outputText)\(run.errorText)")
        #expect(run.outputText.contains(words), "\(what): \(run.outputText)")
        #expect(run.outputText.contains("m/sub/good.safetensors: ok"), "\(what): \(run.outputText)")
      }
    }
  }

  @Test("a pickle of protocol 0 is text, and sound; other text in the place of weights is an error")
  func textPickles() throws {
    let folder = try TemporaryFolder()
    for name in ["x.pkl", "x.pt", "x.ckpt"] {
      for (text, code) in [
        ("(dp0\nVa\np1\nI1\ns.", 0), ("<!DOCTYPE html>\n<p>404\n", 1),
      ] {
        _ = try folder.write(text, as: "m/\(name)")
        let run = try tessera(["validate", "m"], directory: folder.path)
        #expect(run.ending == .exited(Int32(code)), "\(name): \(run.outputText)")
        #expect(run.outputText.contains("error format:") == (code == 1), "\(name): \(run.outputText)")
        // The text is not said to be a damaged pickle too.
        #expect(!run.outputText.contains("unexamined"), "\(name): \(run.outputText)")
      }
      try FileManager.default.removeItem(atPath: folder.file("m/\(name)"))
    }
  }

  @Test("a folder in which nothing can be checked is exit code 2")
  func emptyFolders() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.file("e"), withIntermediateDirectories: true)
    #expect(
      try tessera(["validate", "e"], directory: folder.path).sentence()
        == "e: folder: expected a file that can be checked, found an empty folder")
    _ = try folder.write("text", as: "e/a.txt")
    let run = try tessera(["validate", "e"], directory: folder.path)
    #expect(run.ending == .exited(2) && run.outputText == "e/a.txt: not examined (text)\n")
  }

  @Test("a name that promises another format than the bytes hold is an error, for every pair of formats")
  func promises() throws {
    let folder = try TemporaryFolder()
    let fixtures = SourceFolder.fixtures
    let files: [(kind: String, suffix: String, path: String)] = [
      ("safetensors", ".safetensors", "\(fixtures)/flat/dtypes.safetensors"),
      ("npz", ".npz", "\(fixtures)/flat/deflated.npz"), ("npy", ".npy", "\(fixtures)/flat/npy/f4.npy"),
      ("pytorch", ".pt", "\(fixtures)/pytorch/ties-legacy.pt"),
      ("gguf", ".gguf", "\(fixtures)/flat/plain.gguf"),
      ("unit-checkpoint", ".h5", "\(fixtures)/checkpoints/grid.h5"),
    ]
    var count = 0
    for file in files {
      let bytes = try TemporaryFolder.bytes(of: file.path)
      for other in files {
        let path = try folder.write(bytes, as: "m" + other.suffix)
        // The golden checkpoint has invented tensors, which look like half cuts.
        let run = try tessera(["validate", path, "--rule", "half-cut=off"])
        let isRight = file.kind == other.kind
        #expect(
          run.outputText.contains("error format: ") == !isRight,
          "\(file.kind) as \(other.suffix): \(run.outputText)")
        #expect((run.ending == .exited(0)) == isRight, "\(file.kind) as \(other.suffix): \(run.outputText)")
        count += 1
      }
    }
    #expect(count == 36)
  }

  @Test("names in a file are allowed, in full where they can run code")
  func allowList() throws {
    guard let path = SourceFolder.caseFile("validate-bad-join.pt") else { return }
    let folder = try TemporaryFolder()
    let lists: [(text: String, errors: Int)] = [
      ("builtins.getattr\nimportlib.import_module # ours\n", 0), ("\n# nothing\n", 2),
      ("builtins.*\n*.*\n", 2),
      ("builtins.getattr\n", 1),
    ]
    for (text, errors) in lists {
      let list = try folder.write(text, as: "list.txt")
      let run = try tessera(["validate", path, "--allow-globals", list])
      #expect(run.ending == .exited(errors == 0 ? 0 : 1), "\(text)")
      #expect(run.outputText.components(separatedBy: "error pickle-globals").count == errors + 1, "\(text)")
    }
    if let odd = SourceFolder.caseFile("read-subclass.pt") {
      let list = try folder.write("my.trainer.*\ntorchao.Packed\n", as: "list.txt")
      let run = try tessera(["validate", odd, "--allow-globals", list])
      #expect(!run.outputText.contains("pickle-globals") && run.outputText.contains("unexamined"))
    }
    let bad = try folder.write("numpy.dtype\nnot a name\n", as: "bad.txt")
    #expect(
      try tessera(["validate", path, "--allow-globals", bad]).sentence()
        == "\(bad): line 2: expected module.name, found 'not a name'")
  }

  @Test("-Inf is left alone in masks, by pattern; NaN and Inf are not, and neither is -Inf elsewhere")
  func masks() throws {
    let (negative, positive, nan) = (-Float.infinity, Float.infinity, Float.nan)
    let tensors: [(name: String, values: [Float])] = [
      ("a.mask", [0, negative]), ("b.mask", [nan, negative]), ("c.mask", [positive, negative]),
      ("weight", [negative, 1]), ("good", [1, 2]),
    ]
    let folder = try TemporaryFolder()
    _ = try folder.write(
      SampleWeights.bytes(tensors.map { ($0.name, "F32", [$0.values.count]) }), as: "m.safetensors")
    var bytes = try TemporaryFolder.bytes(of: folder.file("m.safetensors"))
    let data = tensors.flatMap(\.values).flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    bytes.replaceSubrange((bytes.count - data.count)..., with: data)
    _ = try folder.write(bytes, as: "m.safetensors")
    let expected: [(patterns: [String], bad: [String])] = [
      ([], ["a.mask", "b.mask", "c.mask", "weight"]), (["*.mask"], ["b.mask", "c.mask", "weight"]),
      (["weight", "a.*"], ["b.mask", "c.mask"]), (["*"], ["b.mask", "c.mask"]),
    ]
    for (patterns, bad) in expected {
      let run = try tessera(
        ["validate", "--deep", "m.safetensors", "--rule", "non-finite=error"]
          + patterns.flatMap { ["--allow-minus-infinity", $0] }, directory: folder.path)
      let lines = run.outputText.split(separator: "\n").dropFirst()
      #expect(run.ending == .exited(1))
      #expect(
        lines.map { $0.split(separator: "'")[1] } == bad.map { Substring($0) },
        "\(patterns): \(run.outputText)")
    }
  }

  @Test("what is asked for wrongly is a usage error that says what was meant")
  func usage() throws {
    let wrong: [(arguments: [String], words: String)] = [
      (["--rule", "nonfinite=error"], "did you mean 'non-finite'?"),
      (["--rule", "tiles=fatal"], "=error, =warning"),
      (["--rule", "non-finite=error"], "expected --deep beside it"),
      (["--rule", "tiles"], "=error, =warning"),
      (["--allow-minus-infinity", "*"], "expected --deep beside it"), (["--fail-on", "fatal"], "fatal"),
    ]
    for (arguments, words) in wrong {
      let run = try tessera(["validate", "x.safetensors"] + arguments)
      #expect(run.ending == .exited(64) && run.errorText.contains(words), "\(arguments): \(run.errorText)")
    }
  }

  @Test("JUnit and SARIF name the tensor, and say what to do")
  func forms() throws {
    guard let path = SourceFolder.caseFile("validate-nan.safetensors") else { return }
    let arguments = ["validate", path, "--deep", "--rule", "non-finite=error"]
    let junit = try tessera(arguments + ["--format", "junit"])
    #expect(junit.ending == .exited(1))
    #expect(
      junit.outputText.contains(#"<failure type="error" message="tensor 'f32': found 1 NaN of 2 elements">"#)
        || junit.outputText.contains(#"message="tensor '"#))
    #expect(junit.outputText.contains("What to do: Find the step"))
    let sarif = try tessera(arguments + ["--format", "sarif"])
    let log = try JSONSerialization.jsonObject(with: Data(sarif.output)) as? [String: Any]
    let run = (log?["runs"] as? [[String: Any]])?.first
    let results = try #require(run?["results"] as? [[String: Any]])
    #expect(results.count == 9)
    for result in results {
      let text = (result["message"] as? [String: String])?["text"] ?? ""
      #expect(text.hasPrefix("tensor '") && text.contains("elements. Find the step"), "\(text)")
    }
  }

  @Test(
    "a file that cannot be read is exit code 2 and one sentence, and never damaged",
    .enabled(if: Peers.areThere(python: false, programs: ["strace"])))
  func unreadable() throws {
    let folder = try downloaded()
    let fixtures = SourceFolder.fixtures
    let files =
      ["compressed", "grid", "graph"].map { "\(fixtures)/checkpoints/\($0).h5" }
      + [
        "flat/dtypes.safetensors", "flat/deflated.npz", "pytorch/ties.pt", "pytorch/ties-legacy.pt",
        "flat/metadata.gguf",
      ].map {
        "\(fixtures)/\($0)"
      } + [folder.file("m/model.safetensors.index.json")]
    var failures = 0
    for file in files {
      for number in [3, 4, 5, 6, 8, 11, 16] {
        // The first two reads are the loader's. Either one read fails, or all from there on.
        for rest in ["", "+"] {
          let run = try Subprocess.run(
            "strace",
            [
              "-f", "-qqq", "-o", "/dev/null", "-e", "trace=pread64", "-e",
              "inject=pread64:error=EIO:when=\(number)\(rest)",
            ]
              + [Peers.tessera, "validate", "--deep", file])
          if run.ending == .exited(0) { continue }
          failures += 1
          #expect(run.sentence().contains("cannot read: input/output error"), "\(file) \(number)\(rest)")
        }
      }
    }
    #expect(failures > 60)
  }
}
