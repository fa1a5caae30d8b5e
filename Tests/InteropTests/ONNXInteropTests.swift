import Foundation
import StrictJSON
import TestSupport
import Testing

/// ONNX files, with onnx, NumPy and ONNX Runtime as judges.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct ONNXInteropTests {
  @Test("tensors in every place and form that ONNX has are read bit for bit, and go through every format")
  func flatWeights() throws {
    let workshop = try Workshop()
    let report = try workshop.onnx("flat_weights.py", [Peers.tessera, "."])
    #expect(report["failures"] == .array([]))
    #expect(report["tensors"] == 107)
  }

  @Test("the conformance cases pass through the command")
  func commandCases() throws {
    let workshop = try Workshop()
    let made = try workshop.run(
      try #require(Peers.python), ["-B", "-W", "ignore", "\(Workshop.onnxScripts)/cases.py", "cases"])
    #expect(made.code == 0)
    let suites = ["node", "pytorch-converted", "pytorch-operator", "simple"].map { "cases/\($0)" }
    let operators = try String(
      contentsOfFile: "\(Workshop.onnxScripts)/operators.txt", encoding: .utf8
    ).split(separator: "\n").map(String.init)
    let report = try workshop.onnx(
      "command_cases.py", [Peers.tessera, operators.joined(separator: ",")] + suites)
    #expect(report["failures"] == .array([]))
    guard case .integer(let passed)? = report["passed"], case .object(let tally)? = report["operators"] else {
      Issue.record("no report")
      return
    }
    #expect(passed >= 1_727)
    // `ConformanceTests` run cases of these and of other domains: ONNX has none, or their values are not for npz.
    let others: Set = [
      "Bernoulli", "GlobalLpPool", "MaxRoiPool", "Multinomial", "Optional", "RandomNormal",
      "RandomNormalLike",
      "RandomUniform", "RandomUniformLike", "RegexFullMatch", "SequenceMap", "SimplifiedLayerNormalization",
      "StringConcat", "StringNormalizer", "StringSplit",
    ]
    #expect(Set(operators.filter { tally[$0] == nil && !$0.contains(".") }) == others)
  }

  @Test("NaN, infinities, zeros and extreme numbers come out of every operator as its definition has them")
  func specialValues() throws {
    let report = try Workshop().onnx("special_values.py", [Peers.tessera])
    #expect(report["failures"] == .array([]))
    guard case .integer(let cases)? = report["cases"], case .integer(let values)? = report["values"] else {
      Issue.record("no counts")
      return
    }
    #expect(report["passed"] == report["cases"] && cases >= 154 && values >= 26_720)
  }

  @Test(
    "trained models give what ONNX Runtime gives, within 1e-4 of the largest value",
    arguments: ["reference", "fast"])
  func trainedModels(backend: String) throws {
    try compare("real_models.py", backend, outputs: 18, least: 0.005)
  }

  @Test(
    "the light architectures with seeded weights give what ONNX Runtime gives, within 1e-4 of the largest value",
    arguments: ["reference", "fast"])
  func lightModels(backend: String) throws {
    try compare("light_models.py", backend, outputs: 9, least: 0.01)
  }

  @Test(
    "the trained sample gives PyTorch's logits for every task and level, here and in ONNX Runtime",
    arguments: ["reference", "fast"])
  func sample(backend: String) throws {
    let workshop = try Workshop()
    let report = try workshop.onnx(
      "sample_network.py", [Peers.tessera, "\(SourceFolder.root)/samples/fashion", backend])
    // Its weights are those of weights.safetensors, without the counters of the normalisations.
    #expect(report["weights"] == 442)
    guard case .array(let rows)? = report["outputs"], case .array(let other)? = report["other"] else {
      Issue.record("no report")
      return
    }
    #expect(other.count == 100)
    for case .string(let name) in other { #expect(name.hasSuffix(".num_batches_tracked")) }
    #expect(rows.count == 16)
    for case .object(let row) in rows {
      guard case .number(let greatest)? = row["greatest"], case .number(let ours)? = row["tessera"],
        case .number(let peer)? = row["onnxruntime"]
      else {
        Issue.record("\(row)")
        continue
      }
      #expect(greatest > 5 && row["shapes"] == .bool(true), "\(row)")
      #expect(ours <= 1e-5 && peer <= 1e-5 * greatest, "\(row)")
      // The unused part of a level is on none of its paths.
      #expect(row["masked"] == .number(0), "\(row)")
    }
  }

  @Test(
    "count --layers has the shapes that onnx infers, and by formula the multiply-adds and weights of every node"
  )
  func layers() throws {
    let workshop = try Workshop()
    let report = try workshop.onnx(
      "layer_counts.py", [Peers.tessera, "\(SourceFolder.root)/samples/fashion/network.onnx"])
    #expect(report["failures"] == .array([]))
    #expect(report["compared"] == 594)
    guard case .object(let models)? = report["models"] else {
      Issue.record("no report")
      return
    }
    #expect(models.members.count == 11)
    // The published numbers of these two: 4.09 G and 25.56 M, and 53,120 running statistics; 19.6 G and 143.67 M.
    for (name, products, parameters) in [
      ("resnet50", 4_089_184_256, 25_557_032 + 53_120), ("vgg19", 19_632_062_464, 143_667_240),
    ] {
      guard case .object(let sums)? = models[name] else {
        Issue.record("no \(name)")
        continue
      }
      #expect(sums["multiply_adds"] == JSONValue(products) && sums["parameters"] == JSONValue(parameters))
    }
  }

  @Test("the graph says what its tensors are, whatever they are called")
  func roles() throws {
    let workshop = try Workshop()
    let report = try workshop.onnx("roles.py", [Peers.tessera, "\(SourceFolder.root)/samples/fashion"])
    #expect(report["failures"] == .array([]))
    #expect(report["compared"] == 49)
  }

  @Test("small models at the corners of what is fused, planned and proved")
  func corners() throws {
    let workshop = try Workshop()
    let result = try workshop.graph("corners.py", [Peers.tessera])
    guard case .object(let report) = try JSONParser().parse(result.output) else {
      Issue.record("no report")
      return
    }
    #expect(report["failures"] == .array([]))
    #expect(report["checks"] == 80)
  }

  private func compare(_ script: String, _ backend: String, outputs: Int, least: Double) throws {
    let workshop = try Workshop()
    let report = try workshop.onnx(script, [Peers.tessera, backend])
    guard case .array(let rows)? = report["outputs"] else {
      Issue.record("no report")
      return
    }
    #expect(rows.count == outputs)
    for case .object(let row) in rows {
      guard case .number(let greatest)? = row["greatest"], case .number(let difference)? = row["difference"]
      else {
        Issue.record("\(row)")
        continue
      }
      // Outputs close to zero would show nothing.
      #expect(greatest >= least, "\(row)")
      #expect(row["same_shape"] == .bool(true) && difference <= 1e-4 * greatest, "\(row)")
    }
  }
}

extension Workshop {
  static let onnxScripts = SourceFolder.fixtures + "/onnx"

  /// The object that one of the ONNX scripts printed.
  fileprivate func onnx(_ name: String, _ arguments: [String]) throws -> JSONObject {
    let python = try #require(Peers.python)
    let result = try Subprocess.run(
      python, ["-B", "-W", "ignore", "\(Self.onnxScripts)/\(name)"] + arguments, directory: folder.path,
      timeout: 600)
    try #require(result.code == 0, "\(name): \("\(result.ending)") \(result.errorText.prefix(2000))")
    guard case .object(let object) = try JSONParser().parse(result.output) else { return JSONObject() }
    return object
  }
}
