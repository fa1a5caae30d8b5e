import Foundation
import TestSupport
import Testing

@Suite("count --layers")
struct LayerCountTests {
  private static let network = "\(SourceFolder.root)/samples/fashion/network.onnx"

  @Test("lists what nodes have and do; a batch of three does three times as much, with the same parameters")
  func table() throws {
    let one = try tessera(["count", Self.network, "--layers"])
    #expect(one.ending == .exited(0), "\(one.errorText)")
    let rows = one.outputText.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(one.outputText.contains("layers for images F32 [1, 1, 28, 28]\n"))
    #expect(rows.contains(["/stage1.0/conv/Conv", "Conv", "[1,", "8,", "14,", "14]", "1,152", "225,792"]))
    #expect(rows.contains(["(all", "nodes)", "892,300", "70,451,424"]))
    // Slices of weights and ReLUs have no parameters or multiply-adds.
    #expect(!one.outputText.contains("Slice") && !one.outputText.contains("Relu"))
    for shape in ["images=3x1x28x28", "3x1x28x28"] {
      let three = try tessera(["count", Self.network, "--layers", "--input-shape", shape])
      #expect(three.outputText.contains("layers for images F32 [3, 1, 28, 28]\n"), "\(three.errorText)")
      #expect(three.outputText.contains("892,300"))
      #expect(three.outputText.contains("211,354,272"))
    }
  }

  @Test("a shape that does not fit, an unknown input and a file without a graph end with one sentence")
  func refused() throws {
    let fashion = "\(SourceFolder.root)/samples/fashion"
    for (arguments, words) in [
      (
        [Self.network, "--layers", "--input-shape", "images=1x3x28x28"],
        "input 'images': expected a shape [N, 1, 28, 28]"
      ),
      (
        [Self.network, "--layers", "--input-shape", "pictures=1x1x28x28"],
        "input 'pictures': expected one of 'images'"
      ),
      (
        [Self.network, "--layers", "--input-shape", "1x1x28x28", "--input-shape", "images=2x1x28x28"],
        "expected every input once"
      ),
      (
        [Self.network, "--layers", "--input-shape", "9999999999x1x28x28"],
        "input 'images': expected a tensor of at most"
      ),
      (
        ["\(fashion)/weights.safetensors", "--layers"],
        "--layers: expected an ONNX model or a unit checkpoint, found a file without a graph"
      ),
      (["\(fashion)/plan.json", "--layers"], "expected entries with name, dtype and shape"),
    ] {
      let run = try tessera(["count"] + arguments)
      #expect(run.sentence().contains(words), "\(arguments): \(run.errorText)")
    }
    for shape in ["", "images=1xx2", "1x-3", "a", "images=1x2x", "1.5"] {
      let run = try tessera(["count", Self.network, "--layers", "--input-shape", shape])
      #expect(run.ending == .exited(64) && run.errorText.contains("expected a shape such as"), "\(shape)")
    }
    let alone = try tessera(["count", Self.network, "--input-shape", "1x1x28x28"])
    #expect(alone.ending == .exited(64))
  }
}
