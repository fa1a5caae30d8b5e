import Foundation
import TestSupport
import Testing

/// One of several models in a file: `convert --root`.
@Suite("Roots")
struct RootTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      SampleWeights.bytes([
        ("model.module.a", "F32", [3]), ("model.module.b.w", "F32", [2, 5]),
        ("model_ema.module.a", "F32", [3]),
        ("model_ema.module.b.w", "F32", [2, 5]), ("model_ema.moduleb.w", "F32", [7]), ("step", "I64", []),
      ]), as: "w.safetensors")
    return folder
  }

  @Test("takes the tensors below the root, without it, and lists all others")
  func taken() throws {
    let folder = try folder()
    #expect(try tessera(["convert", "w.safetensors", "w.pt"], directory: folder.path).ending == .exited(0))
    for (source, root, dest) in [
      ("w.safetensors", "model_ema.module", "o.safetensors"), ("w.pt", "model_ema.module.", "o.npz"),
    ] {
      let run = try tessera(["convert", source, dest, "--root", root], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(
        run.errorText == """
          left out: 'model': 2 tensors outside the root 'model_ema.module'
          left out: 'model_ema': 1 tensor outside the root 'model_ema.module'
          left out: 'step': 1 tensor outside the root 'model_ema.module'

          """)
      let diff = try tessera(
        ["diff", "w.safetensors", dest, "--rename", "model_ema.module.*=*", "--json"], directory: folder.path)
      #expect(diff.outputText.contains("\"changed\": []"), "\(diff.outputText)")
      let listing = try tessera(["inspect", dest, "--sort", "name"], directory: folder.path)
      #expect(listing.outputText.contains("2 tensors, 13 elements"), "\(listing.outputText)")
    }
    let cut = try tessera(
      ["convert", "w.safetensors", "m.h5", "--root", "model_ema.module", "--add", "raw=w.safetensors"],
      directory: folder.path)
    #expect(cut.ending == .exited(0), "\(cut.errorText)")
    let back = try tessera(["convert", "m.h5", "back.safetensors"], directory: folder.path)
    #expect(back.ending == .exited(0), "\(back.errorText)")
    #expect(
      try TemporaryFolder.bytes(of: folder.file("back.safetensors"))
        == TemporaryFolder.bytes(of: folder.file("o.safetensors")))
    #expect(try tessera(["validate", "m.h5", "--deep"], directory: folder.path).ending == .exited(0))
  }

  @Test("plan and verify take the same root as convert")
  func planned() throws {
    let folder = try folder()
    let root = ["--root", "model_ema.module"]
    for (words, code) in [
      (["plan", "w.safetensors", "--units", "2", "--cut", "b.w=x,-", "-o", "p.json"] + root, Int32(0)),
      (["convert", "w.safetensors", "m.h5", "--plan", "p.json"] + root, 0),
      (["verify", "w.safetensors", "m.h5"] + root, 0), (["verify", "w.safetensors", "m.h5"], 1),
      (["plan", "w.safetensors", "--plan", "p.json"] + root, 0),
      (["plan", "w.safetensors", "--plan", "p.json"], 2),
      (["plan", "m.h5", "--units", "2", "--cut", "b.w=x,-"] + root, 2),
    ] {
      let run = try tessera(words, directory: folder.path)
      #expect(run.ending == .exited(code), "\(words): \(run.errorText)")
    }
    let plan = try String(contentsOfFile: folder.file("p.json"), encoding: .utf8)
    #expect(plan.contains("\"b.w\"") && !plan.contains("module"), "\(plan)")
  }

  static let refusals: [(arguments: [String], code: Int32, words: String)] = [
    (
      ["w.safetensors", "--root", "model_ema.modul"], 2,
      "expected tensors below this root, found none; the nearest roots are 'model_ema.module', 'model_ema.moduleb', 'model_ema.module.b'\n"
    ),
    (["w.safetensors", "--root", "zz"], 2, "the nearest roots are"),
    (["w.safetensors", "--root", "step"], 2, "found none"),
    (["w.safetensors", "--root", ""], 64, "--root: expected the first part of tensor names, found ''"),
    (["w.safetensors", "--root", "./"], 64, "found './'"),
    (["x.onnx", "--root", "a"], 2, "expected weights without a graph, found an ONNX model"),
    (["m.h5", "--root", "model"], 2, "m.h5: --root: expected flat weights, found a unit checkpoint"),
  ]

  @Test("an unknown root is one sentence with the nearest roots")
  func refused() throws {
    let folder = try folder()
    try FileManager.default.copyItem(
      atPath: SourceFolder.fixtures + "/onnx/seeds/branches.onnx", toPath: folder.file("x.onnx"))
    #expect(try tessera(["convert", "w.safetensors", "m.h5"], directory: folder.path).ending == .exited(0))
    var ran = 0
    for row in Self.refusals {
      let run = try tessera(
        ["convert", row.arguments[0], "o.npz"] + row.arguments[1...], directory: folder.path)
      #expect(run.ending == .exited(row.code), "\(row.arguments): \(run.errorText)")
      #expect(run.errorText.contains(row.words), "\(row.arguments): \(run.errorText)")
      ran += 1
    }
    #expect(ran == 7)
    #expect(!FileManager.default.fileExists(atPath: folder.file("o.npz")))
  }
}
