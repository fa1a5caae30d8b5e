import Foundation
import StrictJSON
import TestSupport
import Testing

/// The presets on tiny models of their families: graph and preset cut the same tensors, and every level computes its
/// masked network in ONNX Runtime.
@Suite(.enabled(if: Peers.areThere(python: true)), .serialized)
struct PresetModelTests {
  /// A model of `Tests/Fixtures/presets`, and the differences between preset and graph.
  struct Model: Sendable, CustomTestStringConvertible {
    let name: String
    /// The least number of tensors that the preset cuts, with all options.
    let cut: Int
    /// Prefixes of the names of tensors that only the graph cuts.
    var graphOnly: [String] = []
    /// Whether the graph may leave tensors whole that the preset cuts, because it does not know extents.
    var hasUnknownExtents = false
    /// Whether sizes are constants of the graph, so that it does not run with smaller tensors alone.
    var hasConstants = false

    var testDescription: String { name }
  }

  static let models = [
    // The graph gathers the stem's channels for a cut sum; a plan for weights alone cannot.
    Model(
      name: "resnet18", cut: 80,
      graphOnly: ["layer1.", "layer2.0.conv1.", "layer2.0.downsample.0.", "conv1.", "bn1."]),
    Model(name: "resnet50", cut: 130), Model(name: "vit-timm", cut: 12), Model(name: "vit-hf", cut: 20),
    // The preset is for encoders; layers after them are left to --cut.
    Model(name: "bert", cut: 20, graphOnly: ["bert.pooler.", "classifier."]),
    Model(name: "gpt2", cut: 12, hasConstants: true), Model(name: "llama", cut: 6),
    Model(name: "mixtral", cut: 24, hasUnknownExtents: true),
    Model(name: "qwen-moe", cut: 30, hasUnknownExtents: true),
  ]

  @Test("a preset's plan agrees with the graph, and every level runs", arguments: models, [2, 3])
  func judged(model: Model, units: Int) throws {
    let workshop = try Workshop()
    let folder = SourceFolder.fixtures + "/presets"
    let run = try workshop.graph("preset.py", [Peers.tessera, folder, model.name, "\(units)"])
    guard case .object(let report) = try JSONParser().parse(run.output) else {
      Issue.record("no report")
      return
    }
    #expect(report["failures"] == .array([]))
    guard case .array(let rows)? = report["rows"], case .array(let differences)? = report["differences"],
      case .integer(let cut)? = report["extracted_cut"], case .array(let words)? = report["graph_words"]
    else {
      Issue.record("\(run.outputText)")
      return
    }
    #expect(cut >= model.cut)
    let isRefused = report["refused"] != .null
    #expect(rows.count == (isRefused ? units : 2 * units))
    #expect(
      (report["constants"] != .null) == model.hasConstants, "\(String(describing: report["constants"]))")
    let said = words.contains {
      if case .string(let word) = $0 { word.contains("are not known") } else { false }
    }
    for case .object(let difference) in differences {
      guard case .string(let tensor)? = difference["tensor"] else { continue }
      if difference["by"] == "graph" {
        #expect(model.graphOnly.contains { tensor.hasPrefix($0) }, "\(tensor)")
      } else {
        #expect(model.hasUnknownExtents && said, "\(tensor)")
      }
    }
    #expect(!isRefused || model.hasUnknownExtents && said, "\(String(describing: report["refused"]))")
  }

  @Test("every model of the folder is tried")
  func complete() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: SourceFolder.fixtures + "/presets")
    #expect(
      Set(files.filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(5)) })
        == Set(Self.models.map(\.name)))
  }
}
