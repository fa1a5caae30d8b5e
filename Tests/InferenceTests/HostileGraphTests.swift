import Foundation
import TestSupport
import Testing

@Suite("Hostile graphs")
struct HostileGraphTests {
  @Test(
    "a malformed or greedy model ends in time and memory, with code 2 and a sentence that names node and tensor",
    arguments: HostileGraph.all)
  func refused(_ example: HostileGraph) throws {
    let folder = try TemporaryFolder()
    let bytes = ModelBytes.model(
      opset: example.opset,
      more: { model in
        var box = WireWriterBox(writer: model)
        example.functions(&box)
        model = box.writer
      },
      graph: { graph in
        var box = WireWriterBox(writer: graph)
        example.graph(&box)
        graph = box.writer
      })
    let path = try folder.write(bytes, as: "m.onnx")
    let run = try Subprocess.run(
      "/bin/sh",
      [
        "-c", "ulimit -d 524288; exec \"$0\" \"$@\"", Peers.tessera, "run", path, "--output",
        folder.file("y.npz"),
      ] + (example.stepLimit.map { ["--step-limit", "\($0)"] } ?? []))
    #expect(run.ending == .exited(2), "\(run.ending): \(run.errorText)")
    #expect(run.errorText.hasPrefix("tessera: \(path): "), "\(run.errorText)")
    #expect(run.errorText.split(separator: "\n").count == 1, "\(run.errorText)")
    for word in example.words + ["expected ", ", found "] {
      #expect(run.errorText.contains(word), "\(run.errorText)")
    }
    #expect(try folder.names() == ["m.onnx"])
  }

  @Test("every kind of malformed model is there")
  func complete() { #expect(HostileGraph.all.count >= 100) }
}
