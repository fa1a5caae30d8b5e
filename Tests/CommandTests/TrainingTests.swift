import Foundation
import TestSupport
import Testing

/// Training checkpoints on the command line; the files are those of Tests/Fixtures/optimizer.
@Suite("Training checkpoints")
struct TrainingTests {
  private static let home = SourceFolder.fixtures + "/optimizer"

  private static func copied() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: home) where !name.hasSuffix(".py") {
      try FileManager.default.copyItem(atPath: "\(home)/\(name)", toPath: folder.file(name))
    }
    return folder
  }

  private static func run(_ arguments: [String], in folder: TemporaryFolder) throws -> String {
    let run = try tessera(arguments, directory: folder.path)
    try #require(run.ending == .exited(0), "\(arguments): \(run.errorText)")
    return run.outputText + run.errorText
  }

  @Test("the state goes into units only with the option, and is never counted")
  func counted() throws {
    let folder = try Self.copied()
    let plan = ["--plan", "training.json"]
    let without = try Self.run(["convert", "adamw.pt", "w.h5"] + plan, in: folder)
    #expect(without.contains("left out: 'optimizer': the state of an optimizer, 30 tensors"), "\(without)")
    let with = try Self.run(["convert", "adamw.pt", "m.h5", "--with-optimizer"] + plan, in: folder)
    #expect(with.contains("wrote m.h5: 43 tensors"), "\(with)")
    #expect(!with.contains("left out"), "\(with)")
    #expect(with.contains("taken to be in the model's order"), "\(with)")
    #expect(try Self.run(["validate", "--deep", "m.h5"], in: folder).contains("ok"))
    let counts = try ["w.h5", "m.h5"].map { name in
      try Self.run(["count", name, "--json"], in: folder)
        .split(separator: "\n").filter { $0.contains("\"parameters\"") }
    }
    #expect(counts[0] == counts[1])
    #expect(!counts[0].isEmpty)
    let table = try Self.run(["count", "m.h5"], in: folder)
    #expect(table.contains("left out: 'optimizer.state': the state of an optimizer, 30 tensors"), "\(table)")
    // The weights are the same, and so are the files without the state.
    #expect(try Self.run(["convert", "w.h5", "w.pt"], in: folder).contains("13 tensors"))
    #expect(try Self.run(["convert", "m.h5", "m.pt"], in: folder).contains("43 tensors"))
    #expect(
      try Self.run(["diff", "w.pt", "m.pt", "--leave-out", "optimizer"], in: folder).contains(
        "equal: 13 tensors"))
  }

  @Test("other files hold the tensors of the state, and a folder the weights alone")
  func destinations() throws {
    let folder = try Self.copied()
    _ = try Self.run(
      ["convert", "named.pt", "m.h5", "--with-optimizer", "--plan", "training.json"], in: folder)
    let flat = try Self.run(["convert", "m.h5", "m.safetensors"], in: folder)
    #expect(flat.contains("53 tensors"), "\(flat)")
    #expect(
      flat.contains("left out: 'optimizer': its settings (weight_decay, lr, betas and 8 more)"), "\(flat)")
    #expect(try Self.run(["convert", "m.h5", "all/"], in: folder).contains("13 tensors"))
    let alone = try Self.run(["convert", "m.h5", "alone.pt", "--take", "optimizer"], in: folder)
    #expect(alone.contains("40 tensors"), "\(alone)")
    let direct = try Self.run(["convert", "named.pt", "d.pt", "--with-optimizer"], in: folder)
    #expect(direct.contains("53 tensors"), "\(direct)")
    let small = try Self.run(["extract", "m.h5", "s.pt", "--task", "b", "--level", "1"], in: folder)
    #expect(small.contains("43 tensors"), "\(small)")
    #expect(try Self.run(["inspect", "s.pt"], in: folder).contains("the state of an optimizer, 32 tensors"))
  }

  @Test("optimizer.pt beside the weights is read, with the names of the parameters")
  func folder() throws {
    let folder = try Self.copied()
    let home = folder.file("run")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
    _ = try Self.run(["convert", "adamw.pt", "run/model.safetensors"], in: folder)
    try FileManager.default.copyItem(atPath: folder.file("optimizer.pt"), toPath: home + "/optimizer.pt")
    let refused = try tessera(["convert", "run", "m.h5", "--with-optimizer"], directory: folder.path)
    #expect(refused.ending == .exited(2))
    #expect(
      refused.errorText.contains("a file that does not keep the order of the model"), "\(refused.errorText)")
    let names = ["up", "norm", "down", "heads.a", "heads.b"].flatMap { ["\($0).weight", "\($0).bias"] }
    _ = try folder.write(Array(names.joined(separator: "\n").utf8), as: "names.txt")
    let written = try Self.run(
      ["convert", "run", "m.h5", "--with-optimizer", "--parameter-order", "names.txt"], in: folder)
    #expect(written.contains("43 tensors"), "\(written)")
    // Each moment is compared under the name that the checkpoint has for its number; adamw.pt has another state.
    #expect(try Self.run(["verify", "run", "m.h5"], in: folder).contains("43 tensors"))
    let other = try tessera(["verify", "adamw.pt", "m.h5"], directory: folder.path)
    #expect(other.ending == .exited(1), "\(other.errorText)")
    #expect(other.outputText.contains("20 of 43 tensors differ"), "\(other.outputText)")
    // The folder comes back as it was, and the state alone, too.
    let back = try Self.run(["convert", "m.h5", "back/"], in: folder)
    #expect(back.contains("left out: 'optimizer': the state of an optimizer, 30 tensors"), "\(back)")
    #expect(
      try TemporaryFolder.bytes(of: folder.file("back/model.safetensors"))
        == TemporaryFolder.bytes(of: home + "/model.safetensors"))
    #expect(
      try Self.run(["convert", "m.h5", "o.pt", "--take", "optimizer"], in: folder).contains("30 tensors"))
  }

  @Test("a deep check reads the state, although no rule about weights does")
  func damaged() throws {
    let folder = try Self.copied()
    var bytes = try TemporaryFolder.bytes(of: folder.file("adamw.pt"))
    let source = try Self.run(["inspect", "adamw.pt"], in: folder)
    #expect(source.contains("the state of an optimizer"))
    // A storage of the state: members follow each other in the order in which tensors are pickled, the model's first.
    let mark = Array("adamw/data/24".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: mark) })
    bytes[place + 64] ^= 1
    _ = try folder.write(bytes, as: "adamw.pt")
    #expect(try tessera(["validate", "adamw.pt"], directory: folder.path).ending == .exited(0))
    let deep = try tessera(["validate", "--deep", "adamw.pt"], directory: folder.path)
    #expect(
      deep.ending == .exited(1) && deep.outputText.contains("error member-checksum: tensor 'state."),
      "\(deep.outputText)")
  }

  static let refusals: [(arguments: [String], code: Int32, words: String)] = [
    (["copies.pt", "x/", "--with-optimizer"], 64, "a folder holds weights alone"),
    (["copies.pt", "x.h5", "--with-optimizer", "--add", "a=named.pt"], 64, "expected no --add beside it"),
    (["copies.pt", "x.h5", "--parameter-order", "names.txt"], 64, "goes with --with-optimizer"),
    (["w.safetensors", "x.h5", "--with-optimizer"], 2, "the state of an optimizer (a PyTorch file"),
    (["several.pt", "x.h5", "--with-optimizer"], 2, "build the optimizer from model.named_parameters()"),
    (["m.h5", "x.pt", "--with-optimizer"], 2, "a training checkpoint, found a unit checkpoint"),
  ]

  @Test("what cannot be taken along is refused")
  func refused() throws {
    let folder = try Self.copied()
    _ = try Self.run(["convert", "adamw.pt", "w.safetensors"], in: folder)
    _ = try Self.run(["convert", "adamw.pt", "m.h5"], in: folder)
    var count = 0
    for (arguments, code, words) in Self.refusals {
      let run = try tessera(["convert"] + arguments, directory: folder.path)
      #expect(run.ending == .exited(code), "\(arguments): \(run.errorText)")
      let sentence = run.errorText.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
      #expect(sentence.contains(words), "\(sentence)")
      count += 1
    }
    #expect(count == 6)
  }
}
