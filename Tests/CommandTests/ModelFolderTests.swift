import Foundation
import StrictJSON
import TestSupport
import Testing

/// Folders of Hugging Face models. `samples/huggingface/check.py` made them and had transformers load the extracted
/// ones; `expected.json` is what it accepted.
@Suite("Folders of models", .serialized)
struct ModelFolderTests {
  static let home: String = SourceFolder.fixtures + "/folders"
  static let kinds: [String] = (try? FileManager.default.contentsOfDirectory(atPath: home).sorted()) ?? []

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  private func names(_ path: String) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: path))
  }

  /// A copy of a model's folder as `model`, with a tokenizer, and its checkpoint `m.h5`.
  private func prepared(_ kind: String, _ options: [String] = []) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: "\(Self.home)/\(kind)", toPath: folder.file("model"))
    try FileManager.default.removeItem(atPath: folder.file("model/expected.json"))
    _ = try folder.write(Array("{}\n".utf8), as: "model/tokenizer.json")
    let plan = try tessera(
      ["plan", "model", "--units", "2", "-o", "plan.json"] + options, directory: folder.path)
    try #require(plan.ending == .exited(0), "\(plan.errorText)")
    let run = try tessera(["convert", "model", "m.h5", "--plan", "plan.json"], directory: folder.path)
    try #require(run.ending == .exited(0), "\(run.errorText)")
    return folder
  }

  @Test("a level is the folder that transformers loaded, and the whole folder comes back", arguments: kinds)
  func judged(kind: String) throws {
    let folder = try prepared(kind)
    let small = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(small.ending == .exited(0), "\(small.errorText)")
    guard
      case .object(let expected) = try JSONParser().parse(Array(bytes("\(Self.home)/\(kind)/expected.json"))),
      case .string(let configuration)? = expected["config"], case .object(let rows)? = expected["tensors"]
    else {
      Issue.record("no expected.json")
      return
    }
    #expect(try String(decoding: bytes(folder.file("small/config.json")), as: UTF8.self) == configuration)
    let listing = try tessera(["inspect", "small", "--json", "--digests"], directory: folder.path)
    guard case .object(let listed) = try JSONParser().parse(listing.output),
      case .array(let tensors)? = listed["tensors"]
    else {
      Issue.record("\(listing.errorText)")
      return
    }
    #expect(tensors.count == rows.members.count && tensors.count >= 14)
    for case .object(let tensor) in tensors {
      guard case .string(let name)? = tensor["name"], case .object(let row)? = rows[name] else {
        Issue.record("another tensor: \(tensor)")
        continue
      }
      #expect(tensor["shape"] == row["shape"] && tensor["sha256"] == row["sha256"], "\(name)")
    }
    #expect(
      try names(folder.file("small")) == names(folder.file("model")).union(["README.md"]), "\(kind)")

    let back = try tessera(["convert", "m.h5", "back/"], directory: folder.path)
    #expect(back.ending == .exited(0), "\(back.errorText)")
    #expect(try names(folder.file("back")) == names(folder.file("model")))
    for name in try names(folder.file("model")) {
      #expect(try bytes(folder.file("back/\(name)")) == bytes(folder.file("model/\(name)")), "\(name)")
    }
    // The largest level is the whole model, with its own config.json.
    let whole = try tessera(["extract", "m.h5", "whole/", "--level", "2"], directory: folder.path)
    #expect(whole.ending == .exited(0), "\(whole.errorText)")
    #expect(
      try bytes(folder.file("whole/config.json")) == bytes(folder.file("model/config.json")))
  }

  @Test("every folder is tried")
  func complete() { #expect(Self.kinds.count == 28) }

  /// A plan that config.json cannot describe: the model, options of plan, and the end of the sentence.
  static let refusals: [(kind: String, options: [String], reason: String)] = [
    (
      "bert", ["--cut", "heads"],
      "loaders of bert compute the width of a head from the number of heads, so they would run another network\n"
    ),
    (
      "llama",
      [
        "--cut", "model.layers.0.mlp.down_proj.weight=-,ffn", "--cut",
        "model.layers.0.mlp.*_proj.weight=ffn,-",
      ],
      "tensor 'model.layers.1.mlp.gate_proj.weight' keeps 40 of 40, and others 20 of 40\n"
    ),
    (
      "llama", ["--cut", "model.embed_tokens.weight=vocabulary,-"],
      "no key of config.json gives the new shape of tensor 'model.embed_tokens.weight'\n"
    ),
    ("dinov2", ["--cut", "ffn"], "no key of config.json gives the width of group 'ffn' of dinov2\n"),
    (
      "deepseek_v3", ["--cut", "shared"],
      "group 'ffn' stays whole, but a cut changes moe_intermediate_size, which is its width, too\n"
    ),
  ]

  @Test(
    "a sub-network that no config.json describes is refused, and nothing is written", arguments: refusals)
  func unloadable(kind: String, options: [String], reason: String) throws {
    let folder = try prepared(kind, options)
    let run = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(run.ending == .exited(2))
    #expect(
      run.errorText.hasPrefix("tessera: m.h5: the sub-network could not be loaded: ")
        && run.errorText.hasSuffix(reason), "\(run.errorText)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("small")))
    // The tensors alone can be written all the same.
    let alone = try tessera(["extract", "m.h5", "small.safetensors", "--level", "1"], directory: folder.path)
    #expect(alone.ending == .exited(0), "\(alone.errorText)")
  }

  @Test("unknown files are named, -n protects the folder, and an index in the way is told of")
  func aroundTheFolder() throws {
    let folder = try prepared("llama")
    _ = try folder.write([1, 2, 3], as: "model/notes.xyz")
    let listing = try tessera(["inspect", "m.h5"], directory: folder.path)
    #expect(listing.outputText.contains("\nfiles: config.json, generation_config.json, tokenizer.json\n"))
    let again = try tessera(["convert", "model", "n.h5"], directory: folder.path)
    #expect(again.errorText.contains("kept: config.json, generation_config.json, tokenizer.json ("))
    #expect(again.errorText.contains("left out: other files of the folder: notes.xyz\n"))
    let first = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(first.ending == .exited(0))
    let card = try String(decoding: bytes(folder.file("small/README.md")), as: UTF8.self)
    #expect(card.contains("task 'all' uses at level 1") && card.contains("| parameters | "))
    let kept = try tessera(["extract", "m.h5", "small/", "--level", "2", "-n"], directory: folder.path)
    #expect(kept.ending == .exited(2) && kept.errorText.contains("expected none of that name (-n)"))
    _ = try folder.write(Array("{}".utf8), as: "small/model.safetensors.index.json")
    let index = try tessera(["extract", "m.h5", "small/", "--level", "2"], directory: folder.path)
    #expect(
      index.ending == .exited(2)
        && index.errorText.contains("expected a folder without an index, for a single file of weights"))
  }

  @Test("a set of shards comes back with its other files")
  func shards() throws {
    let folder = try prepared("llama")
    let split = try tessera(
      ["convert", "model", "set/", "--shard-size", "20kB"], directory: folder.path)
    #expect(split.ending == .exited(0), "\(split.errorText)")
    try FileManager.default.copyItem(
      atPath: folder.file("model/config.json"), toPath: folder.file("set/config.json"))
    let run = try tessera(["convert", "set", "s.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    let back = try tessera(["convert", "s.h5", "back/"], directory: folder.path)
    #expect(back.ending == .exited(0), "\(back.errorText)")
    #expect(try names(folder.file("set")).count >= 4)
    for name in try names(folder.file("set")) {
      #expect(try bytes(folder.file("back/\(name)")) == bytes(folder.file("set/\(name)")), "\(name)")
    }
  }
}
