import StrictJSON
import TestSupport
import Testing

@Suite("What inspect lists")
struct InspectViewTests {
  private static let rows: [SampleWeights.Row] = [
    ("bn.num_batches_tracked", "I64", []), ("layer.10.w", "F32", [3, 5]), ("layer.2.w", "F32", [2, 5]),
    ("layer.2.sub.w", "BF16", [7]), ("head/w", "U8", [40]), ("scale", "F32", []), ("z", "I8", [1]),
  ]

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes(Self.rows), as: "w.safetensors")
    return folder
  }

  private func lines(_ arguments: [String]) throws -> [String] {
    let folder = try folder()
    let run = try tessera(["inspect", "w.safetensors"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    return run.outputText.split(separator: "\n").map(String.init)
  }

  private func names(_ arguments: [String]) throws -> [String] {
    try lines(arguments).dropFirst(2).map { String($0.prefix { $0 != " " }) }
  }

  @Test(
    "is in the order that was asked for, else counters and single numbers come last",
    arguments: [
      ([], "layer.10.w layer.2.w layer.2.sub.w head/w z bn.num_batches_tracked scale"),
      (
        ["--sort", "file"], "bn.num_batches_tracked layer.10.w layer.2.w layer.2.sub.w head/w scale z"
      ),
      (["--sort", "name"], "bn.num_batches_tracked head/w layer.2.sub.w layer.2.w layer.10.w scale z"),
      (["--sort", "size"], "layer.10.w layer.2.w head/w layer.2.sub.w bn.num_batches_tracked scale z"),
      (["--match", "layer.{}.w"], "layer.10.w layer.2.w"),
      (["--match", "z", "--match", "*w"], "layer.10.w layer.2.w layer.2.sub.w head/w z"),
    ])
  func order(arguments: [String], names: String) throws {
    #expect(try self.names(arguments).joined(separator: " ") == names)
  }

  @Test("is a tree of modules with the sums of what is below them")
  func tree() throws {
    #expect(
      try lines(["--tree"]).dropFirst().joined(separator: "\n") == """
        module     tensors  elements   size    share  tensor
        all              7        75  167 B  100.0 %
          layer          3        32  114 B   68.3 %
            10           1        15   60 B   35.9 %
            2            2        17   54 B   32.3 %
              w          1        10   40 B   24.0 %  F32 [2, 5]
              sub        1         7   14 B    8.4 %
          head           1        40   40 B   24.0 %
          z              1         1    1 B    0.6 %  I8 [1]
          bn             1         1    8 B    4.8 %
          scale          1         1    4 B    2.4 %  F32 []
        """)
    #expect(
      try lines(["--tree", "--depth", "1", "--sort", "size", "--match", "layer*", "--match", "head*"]).joined(
        separator: "\n") == """
          w.safetensors: safetensors, 4 of 7 tensors, 72 elements, 154 B
          module   tensors  elements   size    share
          all            4        72  154 B  100.0 %
            layer        3        32  114 B   74.0 %
            head         1        40   40 B   26.0 %
          """)
    let json = try lines(["--tree", "--depth", "0", "--json"]).joined()
    #expect(json.contains(#""name": "","#) && json.contains(#""elements": 75,"#))
  }

  @Test(
    "is refused with the way on where nothing matches, and with the usage where options contradict",
    arguments: [
      (
        ["--match", "layer"], 2,
        "--match 'layer': expected the name of a tensor, found none that matches; '*layer*' matches 3 of 7"
      ),
      (["--match", "scael"], 2, "the nearest name is 'scale'"),
      (["--match", "z", "--match", "x{}y"], 2, "--match 'x{}y': "),
      (["--match", String(repeating: "*a", count: 17)], 64, "at most 16 wildcards"),
      (["--depth", "1"], 64, "--depth goes with --tree"), (["--tree", "--depth", "-1"], 64, "depth"),
      (["--tree", "--stats"], 64, "give one of them"),
      (["--sort", "sise"], 64, "the nearest name is 'size'"),
      (["--sort", "std"], 64, "--sort std goes with --stats"), (["--plan", "--json"], 64, "--plan"),
    ] as [([String], Int32, String)])
  func refusals(arguments: [String], code: Int32, words: String) throws {
    let folder = try folder()
    let run = try tessera(["inspect", "w.safetensors"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(code) && run.output.isEmpty)
    #expect(run.errorText.contains(words), "\(run.errorText)")
    #expect(run.errorText.contains("Usage:") == (code == 64), "\(run.errorText)")
  }

  @Test("has no names that a terminal obeys, in the tree either")
  func hiddenCharacters() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      SampleWeights.bytes([(#"a\n.\u202eb.c"#, "F32", [2]), ("d\u{7F}.e", "F32", [2])]), as: "w.safetensors")
    for option in [["--tree"], ["--stats"], ["--match", "*"], ["--sort", "name"]] {
      let text = try tessera(["inspect", "w.safetensors"] + option, directory: folder.path).outputText
      #expect(text.contains(#"a\u{a}"#) && text.contains(#"d\u{7f}"#), "\(text)")
      #expect(!text.unicodeScalars.contains { ["\u{202E}", "\u{7F}"].contains($0) })
    }
  }

  @Test("has values on request, as text and as JSON, of flat files and of unit checkpoints")
  func statistics() throws {
    let folder = try TemporaryFolder()
    var bytes = SampleWeights.bytes([("up", "F32", [8, 3]), ("n", "U64", [2])])
    let numbers: [Float] = [0, -0.0, .nan, .infinity, 1.5, -2] + [Float](repeating: 0.25, count: 18)
    let start = bytes.count - 16 - 96
    for (place, number) in numbers.enumerated() {
      for byte in 0..<4 {
        bytes[start + 4 * place + byte] = UInt8(truncatingIfNeeded: number.bitPattern >> (8 * byte))
      }
    }
    for byte in 0..<16 { bytes[bytes.count - 16 + byte] = byte < 8 ? 0xFF : 0 }
    _ = try folder.write(bytes, as: "w.safetensors")
    _ = try folder.write(
      #"""
      {"format": "tessera.plan/1", "units": 2, "axes": {"a": {"size": 8}},
       "tensors": [{"match": "up", "axes": ["a", null]}], "tasks": [{"name": "t"}]}
      """#, as: "plan.json")
    for arguments in [["m.h5", "--plan", "plan.json"], ["w.npz"]] {
      let run = try tessera(["convert", "w.safetensors"] + arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      let start = "wrote \(arguments[0]): 2 tensors, "
      #expect(run.outputText.hasPrefix(start) && run.outputText.hasSuffix(" bytes\n"), "\(run.outputText)")
    }
    for file in ["w.safetensors", "m.h5", "w.npz"] {
      let text = try tessera(["inspect", file, "--stats", "--sort", "name"], directory: folder.path)
        .outputText
      #expect(
        text.hasSuffix(
          """
          name  dtype  shape   min       max      mean       std  zeros  NaN  Inf
          n     U64    [2]       0  1.84e+19  9.22e+18  9.22e+18      1    0    0
          up    F32    [8, 3]   -2       Inf     0.182      0.55      2    1    1

          """), "\(file): \(text)")
      let run = try tessera(["inspect", file, "--stats", "--json", "--match", "n"], directory: folder.path)
      #expect(run.outputText.contains(#""max": "18446744073709551615""#), "\(run.outputText)")
      #expect(run.outputText.contains(#""tensors_in_file": 2"#))
    }
    for (order, first) in [("zeros", "n"), ("std", "n"), ("max", "up"), ("size", "up")] {
      let text = try tessera(["inspect", "m.h5", "--stats", "--sort", order], directory: folder.path)
        .outputText
      let names = text.split(separator: "\n").suffix(2).map { String($0.prefix { $0 != " " }) }
      #expect(names.first == first, "\(order): \(text)")
    }
    // A damaged page is an error with its place, whichever option reads it.
    var damaged = try TemporaryFolder.bytes(of: folder.file("m.h5"))
    // The bytes of 1.5, which occur once.
    let place = try #require(damaged.indices.dropLast(3).last { damaged[$0..<$0 + 4] == [0, 0, 0xC0, 0x3F] })
    damaged[place] ^= 4
    _ = try folder.write(damaged, as: "d.h5")
    let said = try tessera(["inspect", "d.h5", "--stats"], directory: folder.path).sentence()
    #expect(said.hasPrefix("d.h5: /") && said.contains("page"), "\(said)")
  }
}
