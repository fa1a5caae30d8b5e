import Foundation
import TestSupport
import Testing

@Suite("Sharded safetensors, at the command", .serialized)
struct ShardedCommandTests {
  /// A folder with `w.safetensors`, and `set/`: the same tensors in three shards.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [
      ("layer0.up", "F32", [64, 5]), ("layer0.down", "F32", [5, 64]), ("bias", "BF16", [7]),
      ("step", "I64", []),
    ]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    let run = try tessera(
      ["convert", "w.safetensors", "set/", "--shard-size", "1.28 kB"], directory: folder.path)
    try #require(run.ending == .exited(0), "\(run.errorText)")
    try #require(try names(folder, "set").count == 4)
    return folder
  }

  private func names(_ folder: TemporaryFolder, _ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file(name)).sorted()
  }

  private static let index = "set/model.safetensors.index.json"

  @Test("every command takes a set, by its folder and by its index", arguments: ["set", "set/", index])
  func everyCommand(source: String) throws {
    let folder = try folder()
    let commands = [
      (["inspect", source], "safetensors-sharded, 4 tensors"),
      (["inspect", source, "--json", "--digests"], #""kind": "safetensors-sharded""#),
      (["count", source], "safetensors-sharded"),
      (["count", source, "--json"], #""kind": "safetensors-sharded""#),
      (["plan", source, "--units", "2", "--cut", "layer{}.up=ffn{},-"], #""ffn{}""#),
      (["validate", "--deep", source], "ok"), (["diff", source, "w.safetensors"], "equal"),
      (["diff", "w.safetensors", source, "--json"], #""equal": true"#),
      (["convert", source, "m.h5"], ""), (["convert", source, "one.safetensors"], ""),
      (["convert", source, "one.npz", "--opaque"], ""), (["convert", source, "copy/"], ""),
      (["convert", source, "again/again.safetensors.index.json"], ""),
      (["diff", "again", source], "equal"), (["diff", "m.h5", source], "equal"),
      (["diff", "one.safetensors", source], "equal"), (["convert", "m.h5", "back/"], ""),
    ]
    for (arguments, words) in commands {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(arguments): \(run.outputText) \(run.errorText)")
      #expect(words.isEmpty || run.outputText.contains(words), "\(arguments): \(run.outputText)")
    }
    for copy in ["copy", "back"] {
      let compared = try Subprocess.run("diff", ["-r", "set", copy], directory: folder.path)
      #expect(compared.ending == .exited(0), "\(copy): \(compared.outputText)")
    }
    let refused = try tessera(
      ["extract", source, "x.npz", "--task", "t", "--level", "1"], directory: folder.path)
    #expect(
      refused.sentence().hasSuffix(
        ": expected a unit checkpoint, found flat weights; 'tessera convert --plan' makes one of them"))
  }

  @Test(
    "a wrong command line about shards ends with 64",
    arguments: [
      (["convert", "w.safetensors", "x.safetensors", "--shard-size", "5GB"], "--shard-size is for sets"),
      (["convert", "w.safetensors", "x.h5", "--shard-size", "5GB"], "--shard-size is for sets"),
      (["convert", "w.safetensors", "x/", "--shard-size", "5B"], "expected a number of bytes"),
      (
        ["convert", "w.safetensors", "x/", "--shard-size", "5M"], "which elsewhere is a number of parameters"
      ),
      (["convert", "w.safetensors", "x/", "--shard-size", "0"], "expected a number of bytes"),
      (["convert", "w.safetensors", "x/", "--shard-size", "1.5.2"], "expected a number of bytes"),
      (["convert", "w.safetensors", "x/", "--shard-size", "0MB"], "expected a number of bytes"),
      (["convert", "w.safetensors", "x/", "--plan", "plan.json"], "--plan cuts a unit checkpoint"),
      (["convert", "set", "set/"], "the same folder"), (["convert", index, index], "the same file"),
      (["convert", "set/", "set"], "the same folder"),
    ])
  func usage(arguments: [String], words: String) throws {
    let folder = try folder()
    let before = try names(folder, ".")
    let run = try tessera(arguments, directory: folder.path)
    #expect(run.ending == .exited(64) && run.errorText.contains(words), "\(run.errorText)")
    #expect(try names(folder, ".") == before && names(folder, "set").count == 4)
  }

  @Test("no file of the source is replaced, and -n replaces no set")
  func refused() throws {
    let folder = try folder()
    let shard = "set/model-00002-of-00003.safetensors"
    for (arguments, words) in [
      (["convert", "set", Self.index], "found one of its files"),
      (["convert", Self.index, "set"], "of its files"),
      (["convert", shard, "set/", "--shard-size", "1MB"], "found one of its files"),
      (["convert", "set", "set/x.safetensors.index.json"], "found one of its files"),
      (["convert", "w.safetensors", "set/", "-n"], "(-n), found one"),
      (["convert", "w.safetensors", Self.index, "-n"], "(-n), found one"),
      (["convert", "w.safetensors", "no/way/"], "the folder above it does not exist"),
    ] {
      let before = try names(folder, "set")
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.sentence().hasSuffix(words), "\(arguments): \(run.errorText)")
      #expect(try names(folder, "set") == before)
      #expect(try tessera(["diff", "set", "w.safetensors"], directory: folder.path).ending == .exited(0))
    }
  }

  @Test(
    "the free text of all shards and of the index goes along as far as the destination has a place for it")
  func freeText() throws {
    let folder = try folder()
    // One key is in every shard, one only in the third; the index has a text, a number, a list and its own two keys.
    for number in 1...3 {
      let header =
        #"{"__metadata__":{"format":"pt\#(number)"\#(number == 3 ? #","third":"yes""# : "")},"t\#(number)":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#
      let bytes =
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
      _ = try folder.write(
        bytes + [UInt8](repeating: UInt8(number), count: 8),
        as: "set/model-0000\(number)-of-00003.safetensors")
    }
    let map = (1...3).map { #""t\#($0)": "model-0000\#($0)-of-00003.safetensors""# }.joined(separator: ", ")
    _ = try folder.write(
      #"{"metadata": {"total_size": 24, "total_parameters": 24, "note": "from the index", "dtypes": ["U8", {"a": 1.5}], "format": "index"}, "weight_map": {\#(map)}}"#,
      as: Self.index)
    func run(_ arguments: String...) throws -> String {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(arguments): \(run.errorText)")
      return run.outputText
    }
    _ = try run("convert", "set", "units.h5")
    for (source, name) in [("set", "a"), ("units.h5", "b")] {
      _ = try run("convert", source, "\(name).safetensors")
      let single = try SafetensorsText.metadata(of: folder.file("\(name).safetensors"))
      #expect(single == ["format": "pt1", "third": "yes", "note": "from the index"])
      _ = try run("convert", source, "\(name)/", "--shard-size", "16")
      let index = try String(
        contentsOfFile: folder.file("\(name)/model.safetensors.index.json"), encoding: .utf8)
      #expect(
        index.hasPrefix(
          #"""
          {
            "metadata": {
              "dtypes": ["U8",{"a":1.5}],
              "format": "index",
              "note": "from the index",
              "total_parameters": 24,
              "total_size": 24
            },
            "weight_map": {
          """#), "\(index)")
      for number in 1...2 {
        let path = folder.file("\(name)/model-0000\(number)-of-00002.safetensors")
        #expect(try SafetensorsText.metadata(of: path) == ["format": "pt1", "third": "yes"])
      }
    }
  }

  @Test("a wrong total_size is a finding of validate, and stops nothing else")
  func totalSize() throws {
    let folder = try folder()
    let index = try String(contentsOfFile: folder.file(Self.index), encoding: .utf8)
    for wrong in ["7", "2582.5", "\"2582\""] {
      let changed = index.replacingOccurrences(
        of: #""total_size": 2582"#, with: #""total_size": \#(wrong)"#)
      try #require(changed != index)
      _ = try folder.write(changed, as: Self.index)
      let found = try tessera(["validate", "set", "--json"], directory: folder.path)
      #expect(
        found.ending == .exited(1) && found.outputText.contains("shards.total-size"), "\(found.outputText)")
      #expect(found.outputText.contains(#""severity": "warning""#))
      for arguments in [
        ["inspect", "set"], ["count", "set"], ["plan", "set", "--units", "2", "--cut", "layer{}.up=ffn{},-"],
        ["diff", "set", "w.safetensors"], ["convert", "set", "m.h5"], ["convert", "set", "one.safetensors"],
        ["convert", "set", "copy/"], ["convert", "m.h5", "back/"], ["diff", "m.h5", "w.safetensors"],
        ["validate", "--deep", "m.h5"],
      ] {
        let run = try tessera(arguments, directory: folder.path)
        #expect(run.ending == .exited(0), "\(arguments): \(run.outputText) \(run.errorText)")
      }
      for copy in ["copy", "back"] {
        #expect(try Subprocess.run("diff", ["-r", "set", copy], directory: folder.path).ending == .exited(0))
      }
    }
  }

  @Test(
    "folders are not listed once for every shard",
    .enabled(if: Peers.areThere(python: false, programs: ["strace"])))
  func listings() throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = (0..<120).map { ("t\($0)", "U8", [16]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    let counts = try [("16", 121), ("480", 5)].map { size, files in
      let run = try Subprocess.run(
        "strace",
        ["-f", "-qqq", "-o", "log", "-e", "trace=getdents64", Peers.tessera]
          + ["convert", "w.safetensors", "out\(size)/", "--shard-size", size], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(try names(folder, "out\(size)").count == files)
      return try String(contentsOfFile: folder.file("log"), encoding: .utf8).split(separator: "\n").count
    }
    #expect(counts[0] == counts[1])
  }

  @Test("validate finds everything that is wrong with a set, and where")
  func findings() throws {
    let folder = try folder()
    let index = try String(contentsOfFile: folder.file(Self.index), encoding: .utf8)
    let changed = index.replacingOccurrences(of: #""step""#, with: #""stop""#)
      .replacingOccurrences(of: #""weight_map": {"#, with: #""weight_map": { "up": "../../w.safetensors","#)
    _ = try folder.write(changed, as: Self.index)
    let shard = folder.file("set/model-00001-of-00003.safetensors")
    let bytes = try TemporaryFolder.bytes(of: shard)
    try Data(bytes.dropLast()).write(to: URL(fileURLWithPath: shard))
    let run = try tessera(["validate", "set", "--format", "json"], directory: folder.path)
    #expect(run.ending == .exited(1))
    for words in [
      "'up'", "../../w.safetensors", "'stop'", "'step'", "model-00001-of-00003.safetensors", "body",
    ] {
      #expect(run.outputText.contains(words), "\(words): \(run.outputText)")
    }
    #expect(run.outputText.components(separatedBy: #""rule""#).count == 5, "\(run.outputText)")
    let refused = try tessera(["convert", "set", "out.h5"], directory: folder.path)
    #expect(refused.sentence().contains("expected the bare name"))
  }

  @Test("hundreds of shards are converted there and back with forty open files")
  func manyShards() throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = (0..<400).map { ("t\($0)", "U8", [16]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    for arguments in [
      "convert w.safetensors set/ --shard-size 16", "inspect set --digests", "validate --deep set",
      "convert set m.h5", "convert m.h5 back/", "convert set copy/", "diff back w.safetensors",
    ] {
      let run = try shell(
        "ulimit -n 40; ulimit -d 524288; exec \"$0\" \(arguments)", [Peers.tessera], folder.path)
      #expect(run.ending == .exited(0), "\(arguments): \(run.errorText)")
    }
    #expect(try names(folder, "set").count == 401)
    for copy in ["back", "copy"] {
      #expect(try Subprocess.run("diff", ["-rq", "set", copy], directory: folder.path).ending == .exited(0))
    }
  }
}

/// Reads the metadata of a safetensors file.
private enum SafetensorsText {
  static func metadata(of path: String) throws -> [String: String] {
    let bytes = try TemporaryFolder.bytes(of: path)
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes.dropFirst(8).prefix(length)))
    return (header as? [String: Any])?["__metadata__"] as? [String: String] ?? [:]
  }
}
