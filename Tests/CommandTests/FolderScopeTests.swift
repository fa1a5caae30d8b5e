import Foundation
import TestSupport
import Testing

/// Files beside the weights that are read from a folder.
@Suite("What else a folder has")
struct FolderScopeTests {
  private static let stray = "model-00003-of-00002.safetensors"

  /// A folder with a set of two shards, and further files with the names `files`.
  private func set(_ files: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let bytes = SampleWeights.bytes((0..<4).map { ("t\($0)", "U8", [16]) })
    _ = try folder.write(bytes, as: "w.safetensors")
    let run = try tessera(["convert", "w.safetensors", "m/", "--shard-size", "32"], directory: folder.path)
    try #require(run.ending == .exited(0), "\(run.errorText)")
    let torch = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/pytorch/ties.pt")
    for name in files { _ = try folder.write(name.hasSuffix("safetensors") ? bytes : torch, as: "m/\(name)") }
    return folder
  }

  @Test("validate notes weights that the index does not name, and --strict makes them a finding")
  func validated() throws {
    let cases: [(files: [String], notes: Int)] = [
      ([], 0), (["optimizer.bin", "rng.pth"], 0), (["adapter.safetensors"], 1), ([Self.stray], 1),
      ([Self.stray, "adapter.safetensors", "x.pt"], 2),
    ]
    for (files, notes) in cases {
      let folder = try set(files)
      let run = try tessera(["validate", "m"], directory: folder.path)
      #expect(run.ending == .exited(0), "\(files): \(run.outputText)")
      let strict = try tessera(["validate", "m", "--strict"], directory: folder.path)
      #expect((strict.ending == .exited(0)) == (notes == 0), "\(files): \(strict.outputText)")
      for (text, word) in [(run.outputText, "note"), (strict.outputText, "warning")] {
        let line =
          "  \(word) shards: expected a file that the folder's index names, found one that is left out"
        #expect(text.components(separatedBy: line).count == notes + 1, "\(files): \(text)")
      }
    }
  }

  @Test("inspect lists them, and convert goes on without a shard of the set only when it is told")
  func leftOut() throws {
    let folder = try set([Self.stray, "adapter.safetensors", "optimizer.bin"])
    let lines = """
      left out: 'adapter.safetensors': a file that the index does not name
      left out: '\(Self.stray)': a shard that the index does not name
      left out: 'optimizer.bin': another file of weights, by its name

      """
    let inspect = try tessera(["inspect", "m"], directory: folder.path)
    #expect(
      inspect.ending == .exited(0) && inspect.outputText.contains("\n\(lines)"), "\(inspect.outputText)")
    let bare = try tessera(["convert", "m", "o.h5"], directory: folder.path)
    #expect(
      bare.sentence().hasPrefix(
        "m/model.safetensors.index.json: '\(Self.stray)': expected only parts that can be converted, found a shard "
          + "that the index does not name; --leave-out '\(Self.stray)'"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("o.h5")))
    let reported = try tessera(["convert", "m", "o.h5", "--leave-out", "model-*"], directory: folder.path)
    #expect(reported.ending == .exited(0) && reported.errorText.contains(lines), "\(reported.errorText)")
  }

  @Test("a folder with one file of safetensors lists what lies beside it")
  func single() throws {
    let folder = try TemporaryFolder()
    let bytes = SampleWeights.bytes([("w", "U8", [16])])
    try FileManager.default.createDirectory(atPath: folder.file("m"), withIntermediateDirectories: true)
    for name in ["model.safetensors", "a.pt", "b.bin", "c.npz", "config.json", "d.txt"] {
      _ = try folder.write(bytes, as: "m/" + name)
    }
    let run = try tessera(["inspect", "m"], directory: folder.path)
    let names = run.outputText.split(separator: "\n").filter { $0.hasPrefix("left out: ") }
      .map { $0.split(separator: "'")[1] }
    #expect(names == ["a.pt", "b.bin", "c.npz"], "\(run.outputText)\(run.errorText)")
    #expect(try tessera(["convert", "m", "o.safetensors"], directory: folder.path).ending == .exited(0))
  }

  @Test("files in folders below that belong to the model come back, and the others are named")
  func below() throws {
    let folder = try TemporaryFolder()
    let weights = SampleWeights.bytes([("w", "U8", [16])])
    let kept = [
      "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
      "additional_chat_templates/tool.jinja", "config.json",
    ]
    let others = [
      "1_Pooling/notes.txt", "additional_chat_templates/x.sh", "onnx/model.onnx", "x_1/config.json",
    ]
    for name in kept + others {
      let bytes = name.hasSuffix("safetensors") ? weights : Array("{\"of\": \"\(name)\"}".utf8)
      _ = try folder.write(bytes, as: "m/\(name)")
    }
    _ = try folder.write(weights, as: "m/model.safetensors")
    let run = try tessera(["convert", "m", "m.h5"], directory: folder.path)
    #expect(
      run.errorText.contains(
        "left out: other files of the folder: 1_Pooling/notes.txt, additional_chat_templates/x.sh, onnx, x_1"),
      "\(run.errorText)")
    // A second time, the folders exist already.
    for _ in 0..<2 {
      #expect(try tessera(["convert", "m.h5", "back/"], directory: folder.path).ending == .exited(0))
    }
    let list = try #require(FileManager.default.enumerator(atPath: folder.file("back")))
    let back = list.compactMap { $0 as? String }.filter { $0.contains(".") }.sorted()
    #expect(back == (kept + ["model.safetensors"]).sorted())
    for name in kept {
      #expect(
        try TemporaryFolder.bytes(of: folder.file("m/\(name)"))
          == TemporaryFolder.bytes(of: folder.file("back/\(name)")))
    }
  }

  @Test("no file is written through a link in the place of a folder, and a failure leaves no folder")
  func linked() throws {
    let folder = try TemporaryFolder()
    for path in ["elsewhere", "linked", "taken"] {
      try FileManager.default.createDirectory(atPath: folder.file(path), withIntermediateDirectories: true)
    }
    _ = try folder.write(SampleWeights.bytes([("w", "U8", [16])]), as: "m/model.safetensors")
    for name in ["m/1_Pooling/config.json", "m/config.json"] {
      _ = try folder.write(Array("{}".utf8), as: name)
    }
    #expect(try tessera(["convert", "m", "m.h5"], directory: folder.path).ending == .exited(0))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("linked/1_Pooling"), withDestinationPath: folder.file("elsewhere"))
    _ = try folder.write([1], as: "taken/1_Pooling")
    for dest in ["linked", "taken"] {
      let run = try tessera(["convert", "m.h5", "\(dest)/"], directory: folder.path)
      #expect(run.sentence() == "\(dest)/1_Pooling: cannot write: it is not a folder")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file(dest)) == ["1_Pooling"])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("elsewhere")).isEmpty)
    // The other way round: a link in the source's folder is not followed out of it.
    try FileManager.default.removeItem(atPath: folder.file("m/1_Pooling"))
    _ = try folder.write(Array("{}".utf8), as: "elsewhere/config.json")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("m/1_Pooling"), withDestinationPath: folder.file("elsewhere"))
    let run = try tessera(["convert", "m", "n.h5"], directory: folder.path)
    #expect(run.errorText.contains("left out: other files of the folder: 1_Pooling"), "\(run.errorText)")
  }

  @Test("a complete set beside other weights, without an index, is no model, and validate says so")
  func ambiguous() throws {
    let bytes = SampleWeights.bytes([("w", "U8", [16])])
    let other = SampleWeights.bytes([("v", "U8", [16])])
    func folder(_ names: [String]) throws -> TemporaryFolder {
      let folder = try TemporaryFolder()
      try FileManager.default.createDirectory(atPath: folder.file("m"), withIntermediateDirectories: true)
      for name in names { _ = try folder.write(name.contains("-00001") ? bytes : other, as: "m/" + name) }
      return folder
    }
    let set = ["a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors"]
    for names in [set + ["b.safetensors"], set + ["b-00001-of-00001.safetensors"]] {
      let folder = try folder(names)
      #expect(try tessera(["inspect", "m"], directory: folder.path).ending == .exited(2))
      for (options, code, word) in [([String](), Int32(0), "note"), (["--strict"], 1, "warning")] {
        let run = try tessera(["validate", "m"] + options, directory: folder.path)
        #expect(run.ending == .exited(code))
        #expect(run.outputText.contains("  \(word) shards: expected "), "\(run.outputText)")
        #expect(run.outputText.contains("found 3; no command opens the folder as one model"))
      }
    }
    // The set alone is a model; two other files are two models.
    for names in [set, ["b.safetensors", "c.safetensors"]] {
      let folder = try folder(names)
      let run = try tessera(["validate", "--strict", "m"], directory: folder.path)
      #expect(run.ending == .exited(0) && !run.outputText.contains("folder"), "\(run.outputText)")
    }
  }

  @Test("file names are compared by their bytes: another Unicode form is another file")
  func unicodeForms() throws {
    let (composed, decomposed) = ("\u{E9}.safetensors", "e\u{301}.safetensors")
    let index = #"{"weight_map": {"w": "\#(composed)"}}"#
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.file("m"), withIntermediateDirectories: true)
    _ = try folder.write(Array(index.utf8), as: "m/model.safetensors.index.json")
    _ = try folder.write(SampleWeights.bytes([("w", "U8", [16])]), as: "m/" + decomposed)
    let missing = try tessera(["validate", "m"], directory: folder.path)
    #expect(
      missing.ending == .exited(1) && missing.outputText.contains("error shards: "), "\(missing.outputText)")
    // The named shard is there, and the other file is damaged.
    _ = try folder.write(SampleWeights.bytes([("w", "U8", [16])]), as: "m/" + composed)
    _ = try folder.write([1, 2, 3], as: "m/" + decomposed)
    let damaged = try tessera(["validate", "m"], directory: folder.path)
    #expect(damaged.ending == .exited(1), "\(damaged.outputText)")
    #expect(
      damaged.outputText.split(separator: "\n").count { $0.hasPrefix("m/") } == 3, "\(damaged.outputText)")
  }

  @Test("an index is no better than its shards, whatever is wrong with one, and says which")
  func damagedShards() throws {
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    let damages: [(what: String, change: ([UInt8]) -> [UInt8])] = [
      ("cut off", { $0.dropLast(3) }), ("longer", { $0 + [0] }), ("empty", { _ in [] }),
      ("no header", { [255] + $0.dropFirst() }), ("a pickle", { _ in [0x80, 2, 0x7D, 0x2E] }),
    ]
    for (what, change) in damages {
      for damaged in [[names[0]], [names[1]], names] {
        let folder = try set([])
        for name in damaged {
          let path = folder.file("m/\(name)")
          _ = try folder.write(change(try TemporaryFolder.bytes(of: path)), as: "m/\(name)")
        }
        let run = try tessera(["validate", "m"], directory: folder.path)
        #expect(run.ending == .exited(1), "\(what): \(run.outputText)")
        #expect(!run.outputText.contains("index.json: ok"), "\(what) \(damaged): \(run.outputText)")
      }
    }
    let folder = try set([])
    let path = folder.file("m/\(names[1])")
    _ = try folder.write(try TemporaryFolder.bytes(of: path).dropLast(), as: "m/\(names[1])")
    let text = try tessera(["validate", "m"], directory: folder.path).outputText
    #expect(
      text.contains("  error shards: expected sound shards, found errors in 'm/\(names[1])'\n"), "\(text)")
  }

  @Test("every odd member of an npz is listed, and every damaged one, by validate alone")
  func npz() throws {
    guard let python = Peers.python else { return skip("no Python to write an archive with") }
    let script = """
      import sys, zipfile
      array = open(sys.argv[2], 'rb').read()
      text = array.replace(b"'<f4'", b"'<U1'")
      assert text != array
      with zipfile.ZipFile(sys.argv[1], 'w') as z:
          for name in 'adgj': z.writestr(name + '.npy', array)
          for name in 'be': z.writestr(name + '.npy', array[:-1])
          for name in 'ch': z.writestr(name + '.npy', text)
          z.writestr('f.npy', b'nonsense'); z.writestr('README', b'x')
      """
    let folder = try TemporaryFolder()
    let made = try Subprocess.run(
      python, ["-c", script, folder.file("x.npz"), "\(SourceFolder.fixtures)/flat/npy/f4.npy"])
    try #require(made.ending == .exited(0), "\(made.errorText)")
    let run = try tessera(["validate", "x.npz", "--deep"], directory: folder.path)
    #expect(run.ending == .exited(1))
    #expect(run.outputText.contains("(npz, 4 tensors)"), "\(run.outputText)")
    for words in [
      "error tiles: member 'b.npy'", "error tiles: member 'e.npy'", "error structure: member 'f.npy'",
      "warning unexamined: 'c'", "warning unexamined: 'h'", "warning unexamined: member 'README'",
    ] { #expect(run.outputText.components(separatedBy: words).count == 2, "\(words): \(run.outputText)") }
    #expect(try tessera(["inspect", "x.npz"], directory: folder.path).sentence().contains("member 'b.npy'"))
  }
}
