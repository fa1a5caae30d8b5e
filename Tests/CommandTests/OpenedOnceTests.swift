import Foundation
import TestSupport
import Testing

/// Every command opens each file once.
@Suite("Files are opened once", .enabled(if: Peers.areThere(python: false, programs: ["strace"])))
struct OpenedOnceTests {
  private static let commands = [
    "inspect network.onnx", "inspect fashion.h5", "count network.onnx", "count network.onnx --layers",
    "count fashion.h5 --budget 35k", "count network.h5 --work",
    "plan network.onnx --units 3 -o p.json", "plan weights.safetensors --plan plan.json",
    "convert network.onnx n.h5 --plan plan.json", "convert network.h5 n.onnx",
    "convert weights.safetensors w.npz", "extract network.h5 d.onnx --task digits --level 2",
    "extract fashion.h5 d.npz --task digits --budget 35k",
    "run network.h5 --task fine --level 1 --input images.npy --output y.npz",
    "run d.onnx --input images.npy --output y.npz", "verify network.onnx network.h5 --task fine --level 1",
    "diff weights.safetensors fashion.h5", "validate fashion.h5", "validate --deep network.onnx",
  ]

  @Test("whatever the command does with them")
  func once() throws {
    let folder = try TemporaryFolder()
    let sample = "\(SourceFolder.root)/samples/fashion"
    for name in ["network.onnx", "weights.safetensors", "plan.json", "images.npy"] {
      try FileManager.default.copyItem(atPath: "\(sample)/\(name)", toPath: folder.file(name))
    }
    func run(_ words: [String]) throws -> (code: Int32?, errorText: String) {
      let run = try Subprocess.run("/usr/bin/env", words, directory: folder.path, timeout: 60)
      return (run.code, run.errorText)
    }
    for (source, made) in [("weights.safetensors", "fashion.h5"), ("network.onnx", "network.h5")] {
      #expect(try run([Peers.tessera, "convert", source, made, "--plan", "plan.json"]).code == 0)
    }
    #expect(
      try run([Peers.tessera, "extract", "network.h5", "d.onnx", "--task", "fine", "--level", "1"]).code == 0)
    for command in Self.commands {
      let words = command.split(separator: " ").map(String.init)
      let result = try run(
        ["strace", "-f", "-qq", "-e", "trace=openat,open", "-o", "trace", Peers.tessera] + words)
      #expect(result.code == 0, "\(command): \(result.errorText)")
      let trace = try String(contentsOfFile: folder.file("trace"), encoding: .utf8)
      for name in words.dropFirst() where try folder.names().contains(name) && Self.inputs.contains(name) {
        let opens = trace.split(separator: "\n").map(String.init).filter { line in
          line.contains("\"\(name)\"") && line.contains("O_RDONLY") && !line.contains(" = -1")
            && !line.contains("O_PATH")
        }
        #expect(opens.count == 1, "\(command): \(name) \(opens)")
      }
    }
  }

  private static let inputs: Set<String> = [
    "network.onnx", "weights.safetensors", "plan.json", "images.npy", "fashion.h5", "network.h5",
  ]
}
