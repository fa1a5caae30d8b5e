import Foundation
import TestSupport
import Testing

@Suite("Checkpoints in parts, at the command", .serialized)
struct SetCommandTests {
  private static let list = "m.h5.index.json"

  /// A folder with `w.safetensors`, its plan, `one.h5` and the parts of `m.h5`.
  private func folder(parts: Int = 3) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [
      ("layer0.up", "F32", [64, 5]), ("layer0.down", "F32", [5, 64]), ("bias", "BF16", [7]),
      ("step", "I64", []),
    ]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    try expect(["convert", "w.safetensors", "one.h5", "--plan", "plan.json"], "wrote one.h5", in: folder)
    for part in 1...parts {
      try expect(Self.converting("\(part)/\(parts)"), "wrote m-0000\(part)-of-", in: folder)
    }
    return folder
  }

  private static func converting(_ part: String) -> [String] {
    ["convert", "w.safetensors", "m.h5", "--plan", "plan.json", "--part", part]
  }

  @discardableResult
  private func expect(_ arguments: [String], _ words: String, in folder: TemporaryFolder) throws
    -> String
  {
    let run = try tessera(arguments, directory: folder.path)
    #expect(run.ending == .exited(0), "\(arguments): \(run.outputText) \(run.errorText)")
    #expect(run.outputText.contains(words), "\(arguments): \(run.outputText)")
    return run.errorText
  }

  @Test("every command takes the list of a set")
  func everyCommand() throws {
    let folder = try folder()
    try expect(["convert", "--join", "m.h5"], "wrote \(Self.list): 4 tensors", in: folder)
    let commands = [
      (["inspect", Self.list], "3 files: m-00001-of-00003.h5"),
      (["inspect", Self.list, "--json"], #""parts": ["#),
      (["inspect", Self.list, "--plan"], "tessera.plan/1"), (["inspect", Self.list, "--stats"], "layer0.up"),
      (["count", Self.list], "unit-checkpoint"), (["validate", "--deep", Self.list], "ok"),
      (["validate", "--deep", "."], "one.h5: ok"), (["diff", Self.list, "one.h5"], "equal: 4 tensors"),
      (["diff", "w.safetensors", Self.list], "equal"),
      (["verify", "w.safetensors", Self.list], "every digest is equal"),
      (["extract", Self.list, "small.safetensors", "--level", "1"], "4 tensors"),
      (["extract", "one.h5", "same.safetensors", "--level", "1"], "4 tensors"),
      (["lock", "-o", "tessera.lock", Self.list], "4 files, 4 tensors"),
      (["validate", "--locked", Self.list], "ok"),
      (["convert", Self.list, "back.safetensors"], "4 tensors"),
      (["convert", Self.list, "back/"], "4 tensors"),
      (["convert", "--merge", "m.h5"], "wrote m.h5: 4 tensors"),
    ]
    for (arguments, words) in commands { try expect(arguments, words, in: folder) }
    for (first, second) in [
      ("m.h5", "one.h5"), ("back.safetensors", "w.safetensors"), ("small.safetensors", "same.safetensors"),
    ] {
      #expect(
        try TemporaryFolder.bytes(of: folder.file(first)) == TemporaryFolder.bytes(of: folder.file(second)),
        "\(first)")
    }
  }

  @Test("a complete part is kept, another one is written again, and a missing one is named")
  func again() throws {
    let folder = try folder()
    let part = folder.file("m-00002-of-00003.h5")
    let good = try TemporaryFolder.bytes(of: part)
    try expect(Self.converting("2/3"), "kept m-00002-of-00003.h5: complete", in: folder)
    var bad = good
    bad[bad.count / 2] ^= 1
    _ = try folder.write(bad, as: "m-00002-of-00003.h5")
    #expect(
      try expect(Self.converting("2/3"), "wrote", in: folder).contains("is written again: it "))
    #expect(try TemporaryFolder.bytes(of: part) == good)
    // Other values under the same names and shapes.
    let source = try TemporaryFolder.bytes(of: folder.file("w.safetensors"))
    var other = source
    other[other.count - 3] ^= 1
    _ = try folder.write(other, as: "w.safetensors")
    let notes = try (1...3).map { try expect(Self.converting("\($0)/3"), "m-0000", in: folder) }
    #expect(notes.allSatisfy { $0.contains("was made from other source files") }, "\(notes)")
    try expect(["convert", "--join", "m.h5"], "wrote", in: folder)
    try expect(["diff", Self.list, "w.safetensors"], "equal", in: folder)
    try FileManager.default.removeItem(atPath: folder.file(Self.list))
    _ = try folder.write(source, as: "w.safetensors")
    for number in 1...3 { try expect(Self.converting("\(number)/3"), "m-0000", in: folder) }
    #expect(try TemporaryFolder.bytes(of: part) == good)
    // The parts of two plans are never joined.
    try expect(["convert", "w.safetensors", "m.h5", "--part", "2/3"], "wrote", in: folder)
    var run = try tessera(["convert", "--join", "m.h5"], directory: folder.path)
    #expect(
      run.ending == .exited(2) && run.errorText.contains("of different conversions"), "\(run.errorText)")
    #expect(try expect(Self.converting("2/3"), "wrote", in: folder).contains("a part of another conversion"))
    #expect(try TemporaryFolder.bytes(of: part) == good)
    try FileManager.default.removeItem(atPath: part)
    run = try tessera(["convert", "--join", "m.h5"], directory: folder.path)
    #expect(
      run.ending == .exited(2) && run.errorText.hasSuffix("run --part again for 2\n"), "\(run.errorText)")
    #expect(!(try folder.names()).contains(Self.list))
  }

  static let wrong: [(arguments: [String], words: String)] = [
    (["convert", "w.safetensors", "m.h5", "--part", "0/3"], "--part: expected a part, numbered from 1"),
    (["convert", "w.safetensors", "m.h5", "--part", "4/3"], "--part: expected a part"),
    (["convert", "w.safetensors", "m.h5", "--part", "1/513"], "at most 512 parts"),
    (["convert", "w.safetensors", "m.h5", "--part", "1-3"], "--part: expected a part"),
    (["convert", "w.safetensors", "m.h5", "--part", "01/3"], "--part: expected a part"),
    (["convert", "w.safetensors", "m.h5", "--part", "+1/3"], "--part: expected a part"),
    (["convert", "w.safetensors", "m.npz", "--part", "1/3"], "--part makes unit checkpoints"),
    (["convert", "--join", "--merge", "m.h5"], "give one of them"),
    (["convert", "--join", "w.safetensors", "m.h5"], "takes DEST alone"),
    (["convert", "--join", "m.safetensors"], "ends in .h5"),
    (["convert", "--merge", "m.h5", "--part", "1/2"], "takes only DEST"),
    (["convert", "--join", "m.h5", "--compress"], "takes only DEST"),
    (["convert", "w.safetensors"], "<dest>"),
    (["convert"], "<source>"),
    (["convert", "--join"], "--join: expected the DEST of the parts, such as model.h5, found none"),
    (["convert", "--merge"], "--merge: expected the DEST of the parts, such as model.h5, found none"),
  ]

  @Test("a wrong command line is refused", arguments: wrong.indices)
  func wrongLine(number: Int) throws {
    let folder = try TemporaryFolder()
    let run = try tessera(Self.wrong[number].arguments, directory: folder.path)
    #expect(run.ending == .exited(64) && run.errorText.contains(Self.wrong[number].words), "\(run.errorText)")
  }

  /// Every option of the help that is not for sets, so that a new one is decided here, too.
  @Test("--join and --merge refuse each option that says how a source is converted")
  func otherOptions() throws {
    let help = try tessera(["convert", "--help"]).outputText
    let options = Set(help.matches(of: #/(?:^|\n)  (?:-[a-z], )?(--[a-z-]+)/#).map { String($0.1) })
    let own: Set = ["--join", "--merge", "--help", "--version", "--no-clobber"]
    #expect(options.count == 20, "\(options.sorted())")
    let values = [
      "--part": "1/2", "--plan": "p.json", "--add": "a=b.npz", "--take": "a", "--parameter-order": "o.txt",
      "--root": "a", "--shard-size": "5GB", "--assume-dtype": "BF16", "--leave-out": "*", "--names": "paths",
    ]
    let folder = try TemporaryFolder()
    for (set, option) in options.subtracting(own).sorted().flatMap({ [("--join", $0), ("--merge", $0)] }) {
      let line = ["convert", set, "m.h5", option] + [values[option]].compactMap(\.self)
      let run = try tessera(line, directory: folder.path)
      if set == "--merge", option == "--compress" {
        #expect(run.ending == .exited(2), "\(run.errorText)")
      } else {
        #expect(
          run.ending == .exited(64) && run.errorText.contains("but \(option) was given"),
          "\(line): \(run.errorText)")
      }
    }
  }

  @Test("a part alone is refused by commands that need the whole")
  func alone() throws {
    let folder = try folder()
    for arguments in [
      ["inspect", "m-00001-of-00003.h5"], ["count", "m-00001-of-00003.h5"],
      ["convert", "m-00001-of-00003.h5", "x.npz"], ["diff", "m-00001-of-00003.h5", "one.h5"],
    ] {
      let run = try tessera(arguments, directory: folder.path)
      #expect(
        run.ending == .exited(2) && run.errorText.contains("found part 1 of 3 of a set"), "\(run.errorText)")
    }
    try expect(["validate", "m-00001-of-00003.h5"], "1 note", in: folder)
  }
}
