import StrictJSON
import TestSupport
import Testing

/// ONNX Runtime and NumPy compute the affinities of samples/fashion/study again, and h5py compares the files.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct AssignInteropTests {
  private static let sample = "\(SourceFolder.root)/samples/fashion/study"

  @Test func affinitiesAreThoseOfOtherToolsAndNoSectionChanges() throws {
    let workshop = try Workshop()
    let model = "\(Self.sample)/whole.onnx"
    try workshop.tessera("convert", model, "whole.h5", "--plan", "\(Self.sample)/plan.json")
    var documents: [String] = []
    for method in ["weights", "activations", "ablation"] {
      let data = method == "weights" ? [] : ["--data", "\(Self.sample)/learn.npz"]
      let run = try workshop.run(
        Peers.tessera,
        ["assign", "whole.h5", "--learn", method, "--per-axis", "-o", "\(method).h5", "--json"] + data)
      documents.append("\(method).json")
      _ = try workshop.folder.write(run.output, as: "\(method).json")
    }
    for after in ["weights.h5", "activations.h5", "ablation.h5"] {
      let report = try workshop.report(
        "assign.py",
        [model, "\(Self.sample)/plan.json", "\(Self.sample)/learn.npz", "whole.h5", after] + documents)
      #expect(report["failures"] == .array([]))
      #expect(report["sections"] == 78)
      // Of each method, one for all axes together and one for each of four.
      #expect(report["tables"] == 15)
      #expect(
        report["changed"] == [
          "tessera/networks", "tessera/plan", "tessera/seal", "tessera/sections", "tessera/units",
        ])
      try workshop.tessera("validate", "--deep", after)
      try workshop.tessera("verify", model, after)
      try workshop.tessera("convert", after, "back.onnx")
      #expect(
        try TemporaryFolder.bytes(of: workshop.folder.file("back.onnx")) == TemporaryFolder.bytes(of: model))
    }
  }

  @Test func aRegroupedNetworkIsTheSameNetworkAndTheSameFile() throws {
    let workshop = try Workshop()
    let model = "\(Self.sample)/whole.onnx"
    for method in ["weights", "activations"] {
      let data = method == "weights" ? [] : ["--data", "\(Self.sample)/learn.npz"]
      try workshop.run(
        Peers.tessera,
        ["plan", model, "--plan", "\(Self.sample)/plan.json", "--regroup", method, "-o", "r.json"] + data)
      try workshop.tessera("convert", model, "r.h5", "--plan", "r.json")
      // Every axis is divided again.
      guard
        case .object(let plan) = try JSONParser().parse(
          TemporaryFolder.bytes(of: workshop.folder.file("r.json"))),
        case .object(let axes)? = plan["axes"]
      else { return #expect(Bool(false)) }
      #expect(axes.members.count == 4)
      for member in axes.members {
        guard case .object(let axis) = member.value else { return #expect(Bool(false)) }
        #expect(axis["units"] != nil, "\(method): axis \(member.key) is as it was")
      }
      let verified = try workshop.tessera("verify", model, "r.h5", "--tolerance", "1e-6", "--level", "4")
      #expect(verified.outputText.contains("task 'parity', level 4: max abs"))
      try workshop.tessera("convert", "r.h5", "back.onnx")
      #expect(
        try TemporaryFolder.bytes(of: workshop.folder.file("back.onnx")) == TemporaryFolder.bytes(of: model))
    }
  }
}
