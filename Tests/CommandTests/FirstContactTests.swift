import Foundation
import TestSupport
import Testing

/// Commands that a new user types, and the expected answers.
@Suite("First contact")
struct FirstContactTests {
  private static let convolutions: [SampleWeights.Row] = [
    ("conv1.weight", "F32", [16, 3, 3, 3]), ("conv1.bias", "F32", [16]), ("bn1.weight", "F32", [16]),
    ("bn1.bias", "F32", [16]), ("bn1.running_mean", "F32", [16]), ("bn1.running_var", "F32", [16]),
    ("bn1.num_batches_tracked", "I64", []), ("fc.weight", "F32", [10, 16]), ("fc.bias", "F32", [10]),
  ]

  private static let stack: [SampleWeights.Row] = (0..<12).flatMap { layer -> [SampleWeights.Row] in
    [("layers.\(layer).up.weight", "F32", [8, 4]), ("layers.\(layer).down.weight", "F32", [4, 8])]
  }

  /// The cuts of `stack` with one name each, as in the plan of a graph.
  private static var singleCuts: [String] {
    (0..<12).flatMap {
      ["--cut", "layers.\($0).up.weight=ffn\($0),-", "--cut", "layers.\($0).down.weight=-,ffn\($0)"]
    }
  }

  private static let cuts = [
    "--cut", "layers.{}.up.weight=ffn{},-", "--cut", "layers.{}.down.weight=-,ffn{}",
  ]

  /// A folder with the weights of two models, a plan of one with named levels, its checkpoint, and empty files.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes(Self.convolutions), as: "cnn.safetensors")
    _ = try folder.write(SampleWeights.bytes(Self.stack), as: "stack.safetensors")
    for name in [
      "empty.safetensors", "empty.npy", "empty.pt", "empty.npz", "empty.onnx", "empty.gguf", "empty.json",
    ] {
      _ = try folder.write([UInt8](), as: name)
    }
    let deep = (0..<14).flatMap { layer -> [SampleWeights.Row] in
      [("layers.\(layer).up.weight", "F32", [8, 4]), ("layers.\(layer).down.weight", "F32", [4, 8])]
    }
    _ = try folder.write(SampleWeights.bytes(deep), as: "deep.safetensors")
    for arguments in [
      ["plan", "stack.safetensors", "--units", "2", "-o", "twelve.json"] + Self.singleCuts,
      ["plan", "stack.safetensors", "--units", "2", "--levels", "small=1,large=2", "-o", "stack.json"]
        + Self.cuts,
      ["convert", "stack.safetensors", "stack.h5", "--plan", "stack.json"],
    ] {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    return folder
  }

  /// Arguments, exit code, and words that standard error must have.
  private static let mistakes: [(arguments: [String], code: Int32, words: [String])] = [
    (
      ["convrt", "a", "b"], 64,
      ["Error: expected a command, found 'convrt'; did you mean 'convert'?", "Usage: "]
    ),
    (["xyzzy"], 64, ["Error: expected a command, found 'xyzzy'\n"]),
    (
      ["plan", "cnn.safetensors", "--units", "2", "-o", "p.json"], 1,
      [
        "tessera: cnn.safetensors: expected a tensor to cut, found none, so every level is the whole network; name what "
          + "to cut, such as --cut 'conv1.weight=outputs,-,-,-' with the tensor that reads it, or a --preset"
      ]
    ),
    (
      ["convert", "cnn.safetensors", "x.h5", "--plan", "stack.json"], 2,
      ["tessera: stack.json: tensors: 0 of 2 patterns match: is this plan for another model?\n"]
    ),
    (
      ["convert", "deep.safetensors", "x.h5", "--plan", "twelve.json"], 0,
      [
        "note: 2 blocks with 4 tensors are left whole, though 'layers.0' and the like, with the same names and shapes, "
          + "are cut: 'layers.12', 'layers.13'; is this plan for another model?\n"
      ]
    ),
    (
      ["extract", "stack.h5", "x.safetensors"], 64,
      [
        "Error: stack.h5: expected either --level or --budget: task 'all' has 2 levels: 'small', 'large'\n",
        "Usage: tessera extract <file> <dest>", "See 'tessera extract --help'",
      ]
    ),
    (
      ["extract", "stack.h5", "x.safetensors", "--level", "smal"], 2,
      [
        "tessera: stack.h5: task 'all': expected a level from 1 to 2 or one of 'small', 'large', found 'smal'; "
          + "the nearest name is 'small'\n"
      ]
    ),
    (["count", "stack.h5", "--level", "3"], 2, ["task 'all': expected a level from 1 to 2, found 3\n"]),
    (
      ["count", "stack.h5", "--policy", "pytorch"], 2,
      ["found 'pytorch'; the nearest names are 'pytorch-parameters', 'pytorch-state-dict'\n"]
    ),
    (
      ["plan", "cnn.safetensors", "--units", "2", "--preset", "resent"], 64,
      ["found 'resent'; the nearest name is 'resnet'"]
    ),
    (
      ["plan", "cnn.safetensors", "--units", "2", "--cut", "conv1.*=", "--cut", "cnv1.bias=a"], 2,
      [
        "tessera: cnn.safetensors: --cut 'cnv1.bias=a': expected the name of a tensor, found 'cnv1.bias', which "
          + "matches none; the nearest name is 'conv1.bias'\n"
      ]
    ),
    (
      ["plan", "stack.safetensors", "--units", "2", "--levels", "1,5"] + cuts, 2,
      [
        "tessera: stack.safetensors: --levels, level 2: expected at most 2 units, as many as the order has, found 5\n"
      ]
    ),
    (
      ["plan", "stack.safetensors", "--units", "2", "--tasks", "a,b,c"] + cuts, 2,
      [
        "tessera: stack.safetensors: --units '2': expected at least as many units as tasks (3) for rule 'nearest'"
      ]
    ),
    (["plan", "stack.safetensors", "--units", "2", "--tasks", "a,,b"] + cuts, 64, ["found an empty name"]),
    (["plan", "stack.safetensors", "--units", "2", "--tasks", ""] + cuts, 64, ["found an empty name"]),
    (
      ["plan", "stack.safetensors", "--units", "2", "--cut-last"] + cuts, 2,
      ["tessera: stack.safetensors: expected an ONNX graph for --cut-last, found none\n"]
    ),
    (
      ["plan", "stack.safetensors", "--units", "2", "--input-shape", "x=1x3"] + cuts, 2,
      ["tessera: stack.safetensors: expected an ONNX graph for --input-shape, found none\n"]
    ),
    (
      ["plan", "stack.safetensors", "--units", "2", "--levels", "1,[0,0]"] + cuts, 64,
      ["found unit 0 twice in one level"]
    ),
    (
      ["plan", "cnn.safetensors", "--units", "2", "--cut", "bn1.*=a,-"], 2,
      ["tensor 'bn1.weight': expected an entry for the dimension of [16], found 2\n"]
    ),
    (["inspect", "empty.safetensors"], 2, ["empty.safetensors: byte 0: ", "found an empty file\n"]),
    (["convert", "empty.npy", "x.h5"], 2, ["empty.npy: byte 0: ", "found an empty file\n"]),
    (["count", "empty.pt"], 2, ["empty.pt: byte 0: ", "found an empty file\n"]),
    (["diff", "empty.npz", "cnn.safetensors"], 2, ["empty.npz: byte 0: ", "found an empty file\n"]),
    (["inspect", "empty.gguf"], 2, ["empty.gguf: byte 0: ", "found an empty file\n"]),
    (["plan", "empty.onnx", "--units", "2"], 2, ["empty.onnx: byte 0: ", "found an empty file\n"]),
    (["plan", "cnn.safetensors", "--plan", "empty.json"], 2, ["empty.json: ", "found an empty file\n"]),
    (
      ["plan", "cnn.safetensors", "--units", "2", "--input-shape", "x=1,a"], 64,
      ["--input-shape: expected a shape"]
    ),
    (
      ["plan", "cnn.safetensors", "--units", "2", "--cut", "conv1.weight=a,-,-,-", "-o", "p.json"], 0,
      [
        "warning: half cut: the 16 channels of 'conv1.weight' dimension 0 are cut, 'conv1.bias' dimension 0 is left "
          + "whole; add --cut 'conv1.bias=a' before the others\n",
        "add --cut 'bn1.*=a' before the others\n", "add --cut 'fc.weight=-,a' before the others\n",
        "\nnote: not proved: without a graph, only names and sizes are compared\n",
      ]
    ),
  ]

  @Test("mistakes are answered with what was typed and the way on")
  func mistakes() throws {
    let folder = try folder()
    for (arguments, code, words) in Self.mistakes {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(code), "\(arguments): \(run.errorText)")
      for word in words { #expect(run.errorText.contains(word), "\(arguments): \(run.errorText)") }
    }
    #expect(Self.mistakes.count == 28)
  }

  @Test("a half cut is warned of by plan, by convert, and by validate")
  func halfCut() throws {
    let folder = try folder()
    let cut = ["--cut", "conv1.*=", "--cut", "bn1.*=a"]
    let plan = try tessera(
      [
        "plan", "cnn.safetensors", "--units", "2", "-o", "p.json", "--cut", "bn1.weight=a", "--cut",
        "bn1.bias=a",
      ],
      directory: folder.path)
    #expect(cut.count == 4 && plan.ending == .exited(0))
    #expect(plan.errorText.contains("warning: half cut: ") && plan.errorText.contains("'bn1.running_mean'"))
    let convert = try tessera(
      ["convert", "cnn.safetensors", "m.h5", "--plan", "p.json"], directory: folder.path)
    #expect(convert.ending == .exited(0))
    #expect(
      convert.errorText.contains("; plan the weights again with --cut 'bn1.*=a' before the others\n"))
    let note = "\nnote: not proved: without a graph, only names and sizes are compared\n"
    #expect(plan.errorText.hasSuffix(note) && convert.errorText.hasSuffix(note))
    let validate = try tessera(["validate", "m.h5"], directory: folder.path)
    #expect(validate.ending == .exited(1) && validate.outputText.contains("warning half-cut: "))
    #expect(validate.outputText.contains(" again with --cut 'bn1.*=a'"))
    #expect(!validate.outputText.contains("half cut: "))
    let sound = try tessera(["validate", "stack.h5"], directory: folder.path)
    #expect(sound.ending == .exited(0), "\(sound.outputText)")
  }

  @Test("a plan that cuts nothing is exit 1 for plan and convert, and names what was not tried")
  func nothingCut() throws {
    let folder = try folder()
    let none = try tessera(
      ["plan", "cnn.safetensors", "--units", "2", "-o", "n.json"], directory: folder.path)
    #expect(none.ending == .exited(1))
    let convert = try tessera(
      ["convert", "cnn.safetensors", "n.h5", "--plan", "n.json"], directory: folder.path)
    #expect(convert.ending == .exited(1))
    #expect(
      convert.errorText.hasSuffix(
        "tessera: n.json: expected a tensor to cut, found none, so every level is the whole network; n.h5 is written "
          + "with every tensor whole; 'tessera plan' shows why nothing is cut\n"), "\(convert.errorText)")
    let verify = try tessera(["verify", "cnn.safetensors", "n.h5"], directory: folder.path)
    #expect(verify.ending == .exited(0), "\(verify.errorText)")
    let model = SourceFolder.fixtures + "/exporters/mlp.default.onnx"
    for (options, way) in [
      ([], "try --cut-first, --cut-last or fewer --units"),
      (["--cut-first"], "try --cut-last or fewer --units"),
      (["--cut-first", "--cut-last"], "try fewer --units"),
    ] {
      let run = try tessera(
        ["plan", model, "--units", "1000", "-o", "m.json"] + options, directory: folder.path)
      #expect(run.ending == .exited(1) && run.errorText.hasSuffix("; \(way)\n"), "\(run.errorText)")
    }
  }

  @Test("levels have names everywhere, and numbers in JSON")
  func levelNames() throws {
    let folder = try folder()
    func output(_ arguments: String...) throws -> String {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      return run.outputText
    }
    #expect(try output("count", "stack.h5").contains("1 (small)"))
    #expect(try output("count", "stack.h5", "--level", "large").contains("2 (large)"))
    #expect(try output("count", "stack.h5", "--level", "1", "--json").contains("\"level_name\": \"small\""))
    #expect(
      try output("count", "stack.h5", "--policy", "trainable", "--policy", "all-stored").contains("1 (small)")
    )
    #expect(try output("inspect", "stack.h5").contains("small [0] large [0 1]"))
    #expect(try output("inspect", "stack.h5", "--json").contains("\"level_names\""))
    let byName = try output("extract", "stack.h5", "a.safetensors", "--level", "small")
    #expect(byName.contains("level 1 (small)"))
    let byNumber = try output(
      "extract", "stack.h5", "b.safetensors", "--task", "all", "--level", "1", "--json")
    #expect(byNumber.contains("\"level\": 1") && byNumber.contains("\"level_name\": \"small\""))
    #expect(
      try TemporaryFolder.bytes(of: folder.file("a.safetensors"))
        == TemporaryFolder.bytes(of: folder.file("b.safetensors")))
  }

  @Test("without --tasks there is one task, and axes are in natural order, twelve alike on one line")
  func oneTask() throws {
    let folder = try folder()
    let plan = try tessera(
      ["plan", "stack.safetensors", "--units", "2"] + Self.cuts, directory: folder.path)
    #expect(plan.errorText.contains("cut 12 axes 'ffn0' … 'ffn11': 8 channels = 2 × 4\n"))
    #expect(plan.errorText.contains("task 'all' takes units 0, 1 (nearest); its levels use 1, 2 of them\n"))
    let convert = try tessera(["convert", "cnn.safetensors", "whole.h5"], directory: folder.path)
    #expect(convert.ending == .exited(0))
    let inspect = try tessera(["inspect", "whole.h5"], directory: folder.path).outputText
    #expect(inspect.contains("all   [0]             [0]\n"))
    let extract = try tessera(["extract", "whole.h5", "w.npz"], directory: folder.path)
    #expect(extract.ending == .exited(0) && extract.outputText.contains("task 'all', level 1"))
    let folded = try tessera(["inspect", "stack.h5"], directory: folder.path).outputText
    #expect(folded.contains("\nffn0 … ffn11         8  [4 4]"), "\(folded)")
    let json = try tessera(["inspect", "stack.h5", "--json"], directory: folder.path).outputText
    let names = json.split(separator: "\n").filter { $0.contains("\"name\": \"ffn") }.map {
      $0.split(separator: "\"").dropLast().last.map(String.init) ?? ""
    }
    #expect(names == (0..<12).map { "ffn\($0)" })
  }

  @Test("both spellings of a shape mean the same, with and without the input's name")
  func inputShapes() throws {
    let model = SourceFolder.fixtures + "/presets/vit-timm.onnx"
    var counts: Set<String> = []
    var plans: Set<String> = []
    for shape in ["images=1x3x16x16", "images=1,3,16,16", "1x3x16x16", "1,3,16,16"] {
      let count = try tessera(["count", model, "--layers", "--input-shape", shape])
      #expect(count.ending == .exited(0), "\(count.errorText)")
      counts.insert(count.outputText)
      let plan = try tessera(["plan", model, "--units", "2", "--input-shape", shape])
      #expect(plan.ending == .exited(0), "\(plan.errorText)")
      plans.insert(plan.outputText)
    }
    #expect(counts.count == 1 && plans.count == 1)
  }
}
