import Foundation
import TestSupport
import Testing

/// Files that were once counted or computed wrongly, with the numbers that their authors give.
@Suite("Counting and running of files that failed")
struct CountingCaseTests {
  private static func file(_ name: String) -> String { "\(SourceFolder.fixtures)/cases/\(name)" }

  @Test(
    "counts are those of the methods' authors",
    arguments: [
      ("count-tied.pt", ["--policy", "pytorch-parameters"], 60), ("count-tied.pt", [], 62),
      ("count-tied.pt", ["--policy", "pytorch-state-dict"], 106),
      ("count-packed.safetensors", ["--policy", "pytorch-parameters"], 2048),
      ("count-packed.safetensors", ["--policy", "weights-only"], 2048),
      ("count-packed.safetensors", [], 2114),
    ] as [(String, [String], Int)])
  func counted(file: String, options: [String], parameters: Int) throws {
    let run = try tessera(["count", Self.file(file), "--json"] + options)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    #expect(run.outputText.contains("\"parameters\": \(parameters),"), "\(run.outputText)")
  }

  @Test("an Einsum counts as the product of matrices that it is")
  func einsum() throws {
    let run = try tessera(["count", Self.file("count-einsum.onnx"), "--layers"])
    let rows = run.outputText.split(separator: "\n").map {
      $0.split(separator: " ").last.map(String.init) ?? ""
    }
    #expect(rows.suffix(2) == ["720", "720"], "\(run.outputText)")
  }

  @Test(
    "a count that would take days, or gigabytes, ends with a sentence and the option that allows more",
    arguments: [
      (
        "hang-tile.onnx", [], "node 'e' (Tile): expected at most 1,073,741,824 bytes of tensors",
        "--memory-limit"
      ),
      (
        "hang-tile.onnx", ["--memory-limit", "1MB"], "node 'e' (Tile): expected at most 1,000,000 bytes",
        "--memory-limit"
      ),
      (
        "hang-loop-expand-reduce.onnx", ["--step-limit", "5000000"],
        "node 'e' (Expand): expected at most 5,000,000 steps", "--step-limit"
      ),
    ] as [(String, [String], String, String)])
  func limited(file: String, options: [String], words: String, option: String) throws {
    for what in ["--layers", "--work"] {
      let run = try tessera(["count", Self.file(file), what] + options)
      #expect(run.ending == .exited(2), "\(run.ending): \(run.errorText)")
      #expect(run.errorText.hasPrefix("tessera: \(Self.file(file)): \(words)"), "\(run.errorText)")
      #expect(run.errorText.contains("(\(option))"), "\(run.errorText)")
      #expect(run.errorText.split(separator: "\n").count == 1)
    }
  }

  @Test(
    "an operator keeps NaN, and aligned corners end at the last element",
    arguments: ["fast", "reference"])
  func computed(backend: String) throws {
    let folder = try TemporaryFolder()
    func values(_ name: String) throws -> [Float] {
      let output = folder.file("\(name).npy")
      let run = try tessera([
        "run", Self.file("\(name).onnx"), "--input", Self.file("\(name).in.npz"), "--output", output,
        "--backend",
        backend,
      ])
      #expect(run.ending == .exited(0), "\(run.errorText)")
      // A header of 128 bytes, then little-endian numbers.
      let bytes = try TemporaryFolder.bytes(of: output).dropFirst(128)
      return stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
        Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
      }
    }
    let gated = try values("run-hardsigmoid-nan")
    #expect(gated.count == 6 && gated.first?.isNaN == true, "\(gated)")
    let resized = try values("run-resize-align-corners")
    #expect(resized.count == 12 && resized.first == 0 && resized.last == 6, "\(resized)")
  }

  @Test("what is measured has limits: products that a count only counts are done")
  func measured() throws {
    let file = Self.file("count-einsum.onnx")
    let counted = try tessera(["count", file, "--work", "--step-limit", "1000"])
    #expect(counted.ending == .exited(0), "\(counted.errorText)")
    let run = try tessera(["count", file, "--measure", "--step-limit", "1000"])
    #expect(
      run.sentence().contains("node 'y' (Einsum): expected at most 1,000 steps of arithmetic in a run"))
    #expect(try tessera(["count", file, "--measure", "--step-limit", "100000"]).ending == .exited(0))
  }

  @Test("one of several files of a model is not counted as the whole, and opens no gate")
  func shards() throws {
    let folder = try TemporaryFolder()
    let header = Array(#"{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}   "#.utf8)
    let file = [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header + [UInt8](repeating: 0, count: 8)
    for (name, others) in [
      ("model-00001-of-00002.safetensors", "'model-*-of-00002.safetensors': 1 other file of the same"),
      ("w-00003-of-00009.safetensors", "'w-*-of-00009.safetensors': 8 other files of the same"),
      ("model-00001-of-00001.safetensors", nil), ("model-1-of-2.safetensors", nil),
      ("model-00003-of-00002.safetensors", nil), ("model.safetensors", nil),
    ] as [(String, String?)] {
      let path = try folder.write(file, as: name)
      let run = try tessera(["count", path])
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(run.outputText.contains("left out: ") == (others != nil), "\(run.outputText)")
      #expect(run.outputText.contains(others ?? name), "\(run.outputText)")
      let lines = run.outputText.split(separator: "\n").filter { $0.hasPrefix("left out: ") }
      #expect(lines.count == (others == nil ? 0 : 1))
      let inspected = try tessera(["inspect", path]).outputText
      #expect(inspected.split(separator: "\n").filter { $0.hasPrefix("left out: ") } == lines, "\(inspected)")
      let converted = try tessera(["convert", path, folder.file("out.npz")])
      #expect(converted.ending == .exited(0), "\(converted.errorText)")
      #expect(converted.errorText.contains("left out: ") == (others != nil), "\(converted.errorText)")
      let gate = try tessera(["count", path, "--max", "100"])
      #expect(gate.ending == .exited(others == nil ? 0 : 1), "\(gate.errorText)")
      #expect(try tessera(["count", path, "--max", "100", "--leave-out", "*-of-*"]).ending == .exited(0))
    }
  }

  @Test("limits are for what goes through a graph, and are numbers")
  func options() throws {
    let file = Self.file("count-einsum.onnx")
    for (arguments, words) in [
      (["--memory-limit", "1GB"], "--memory-limit is for --layers"),
      (["--step-limit", "7"], "--step-limit is for --layers"),
      (["--layers", "--step-limit", "0"], "--step-limit: expected 1 or more"),
      (["--layers", "--memory-limit", "12"], "--memory-limit: expected bytes"),
      (["--top-k", "0"], "--top-k: expected 1 or more"),
    ] {
      let run = try tessera(["count", file] + arguments)
      #expect(run.ending == .exited(64) && run.errorText.contains(words), "\(arguments): \(run.errorText)")
    }
  }

  @Test("packed weights with groups of scales are counted by the bits of config.json beside the file")
  func groups() throws {
    let folder = try TemporaryFolder()
    let tensors = [("weight", "U32", 16), ("scales", "F16", 4), ("biases", "F16", 4)].map {
      #"{"name": "q.\#($0.0)", "dtype": "\#($0.1)", "shape": [8, \#($0.2)], "axes": [null, null]}"#
    }.joined(separator: ", ")
    let plan = try folder.write(
      Array(#"{"format": "tessera.plan/1", "units": 1, "tensors": [\#(tensors)], "tasks": []}"#.utf8),
      as: "plan.json")
    let weights = folder.file("weights.safetensors")
    var header = Array(
      #"""
      {"q.biases":{"dtype":"F16","shape":[8,4],"data_offsets":[0,64]},\#
      "q.scales":{"dtype":"F16","shape":[8,4],"data_offsets":[64,128]},\#
      "q.weight":{"dtype":"U32","shape":[8,16],"data_offsets":[128,640]}}
      """#.utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    _ = try folder.write(length + header + [UInt8](repeating: 0, count: 640), as: "weights.safetensors")
    for (config, parameters) in [
      (nil, 128), (#"{"quantization": {"group_size": 32, "bits": 4}}"#, 1024),
      (#"{"quantization": {"group_size": 64, "bits": 4}}"#, 128),
      (#"{"quantization": {"group_size": 64, "bits": 4, "q": {"group_size": 32, "bits": 4}}}"#, 1024),
      (#"{"quantization_config": {"w": {"group_size": 32, "nbits": 4}}}"#, 1024),
    ] as [(String?, Int)] {
      if let config { _ = try folder.write(Array(config.utf8), as: "config.json") }
      for file in [plan, weights] {
        let run = try tessera(["count", file, "--policy", "pytorch-parameters"])
        let text = run.outputText.replacing(",", with: "")
        #expect(run.ending == .exited(0) && text.contains("weight \(parameters)\n"), "\(run.outputText)")
        #expect(text.contains("the file does not say how these are packed") == (parameters == 128))
      }
    }
  }

  @Test("experts for a token come from --top-k, else from config.json beside the file")
  func experts() throws {
    let folder = try TemporaryFolder()
    let plan = (0..<4).map {
      #"{"name": "a.experts.\#($0).weight", "dtype": "F32", "shape": [2, 5], "axes": [null, null]}"#
    }.joined(separator: ", ")
    let path = try folder.write(
      Array(
        #"{"format": "tessera.plan/1", "units": 1, "axes": {}, "tensors": [\#(plan)], "tasks": []}"#.utf8),
      as: "plan.json")
    func count(_ options: [String]) throws -> Subprocess {
      try tessera(["count", path, "--policy", "active-hf", "--json"] + options)
    }
    #expect(
      try count([]).sentence().contains("(--top-k, or num_experts_per_tok of a config.json beside the file)"))
    #expect(try count(["--top-k", "3"]).outputText.contains("\"parameters\": 30,"))
    for (config, found) in [
      (#"{"num_experts_per_tok": 2}"#, "\"parameters\": 20,"),
      (#"{"text_config": {"num_experts_per_tok": 1}}"#, "\"parameters\": 10,"),
      (#"{"a": {"text_config": {"moe_topk": [2, 2]}}, "num_experts": 4}"#, "\"parameters\": 20,"),
      (#"{"model_type": "nllb-moe", "num_experts": 4, "moe_top_k": null}"#, "\"parameters\": 20,"),
    ] {
      _ = try folder.write(Array(config.utf8), as: "config.json")
      let run = try count([])
      #expect(run.outputText.contains(found), "\(run.errorText)")
      #expect(try count(["--top-k", "4"]).outputText.contains("\"parameters\": 40,"))
    }
    for (config, words) in [
      (#"{"num_experts_per_tok": "two"}"#, "num_experts_per_tok: expected a whole number, found"),
      (
        #"{"a": {"moe_k": 2}, "b": {"moe_k": 1}}"#,
        "one number of experts for a token, found 1 and 2; give --top-k"
      ),
      (
        #"{"num_experts_per_tok": 2, "num_local_experts": 8}"#,
        "every expert under 'a.experts' (config.json: 8)"
      ),

      ("[]", "expected an object"), ("{", "config.json: "),
      (#"{"num_experts_per_tok": 9}"#, "at most 4 experts"),
    ] {
      _ = try folder.write(Array(config.utf8), as: "config.json")
      #expect(try count([]).sentence().contains(words))
    }
  }
}
