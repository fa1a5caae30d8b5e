import Foundation
import TestSupport
import Testing

/// Every command opens each file once.
@Suite("Files are opened once", .enabled(if: Peers.areThere(python: false, programs: ["strace"])))
struct OpenedOnceTests {
  /// Rules that `validate` finds, for which it counts the file.
  private static let project = """
    [[files]]
    match = "**"
    largest-file = "1GB"
    counts = [{ policy = "weights-only", largest = "1G" }]

    """

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
    _ = try folder.write(Self.project, as: "tessera.toml")
    func run(_ words: [String]) throws -> (code: Int32?, errorText: String) {
      let run = try Subprocess.run("/usr/bin/env", words, directory: folder.path)
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

  @Test("every file of a set of shards, too")
  func sets() throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = (0..<12).map { ("t\($0)", "F32", [64]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(Self.project, as: "tessera.toml")
    let commands = [
      "convert w.safetensors set/ --shard-size 256", "inspect set", "inspect set --stats --digests",
      "validate set", "validate --deep set", "validate --deep set/model.safetensors.index.json",
      "convert set m.h5", "convert set copy/", "diff set w.safetensors", "diff set copy", "verify set m.h5",
    ]
    for command in commands {
      let words = command.split(separator: " ").map(String.init)
      let run = try Subprocess.run(
        "strace", ["-f", "-qq", "-e", "trace=openat,open", "-o", "trace", Peers.tessera] + words,
        directory: folder.path)
      #expect(run.code == 0, "\(command): \(run.errorText)")
      let trace = try String(contentsOfFile: folder.file("trace"), encoding: .utf8)
      let opened = trace.split(separator: "\n").filter {
        $0.contains("O_RDONLY") && !$0.contains("O_PATH") && !$0.contains("O_DIRECTORY")
          && !$0.contains(" = -1")
      }.compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) }
      let counts = opened.filter { path in
        ["set", "copy"].contains { path.hasPrefix("\($0)/") } && !path.contains("/.")
      }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      let sets = Set(words.dropFirst().map { $0.split(separator: "/")[0] }).intersection(["set", "copy"])
      // `convert` reads the headers of a set that it wrote, to say how many files it has.
      #expect(counts.count == 13 * sets.count, "\(command): \(counts.count)")
      #expect(counts.values.allSatisfy { $0 == 1 }, "\(command): \(counts.filter { $0.value > 1 })")
    }
  }

  /// Decoding reads the nodes of a graph twice (once to find each, once for its fields) and nothing else, so the number of
  /// bytes that a command reads says how often it decodes.
  @Test("a graph is decoded once")
  func decodedOnce() throws {
    let folder = try TemporaryFolder()
    let depth = 2000
    let graph = ModelBytes.model { graph in
      graph.value(11, "x", [1, 4])
      graph.ones("v", [4, 6])
      graph.ones("w", [6, 3])
      graph.node("MatMul", ["x", "v"], ["hidden"])
      for layer in 0..<depth {
        graph.node("Relu", [layer == 0 ? "hidden" : "value\(layer - 1)"], ["value\(layer)"])
      }
      graph.node("MatMul", ["value\(depth - 1)", "w"], ["y"])
      graph.value(12, "y", [1, 3])
    }
    let size = graph.count
    _ = try folder.write(graph, as: "m.onnx")
    let header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), }"
      .padding(toLength: 117, withPad: " ", startingAt: 0) + "\n"
    _ = try folder.write(
      [0x93] + Array("NUMPY\u{1}\u{0}\u{76}\u{0}\(header)".utf8) + [UInt8](repeating: 0, count: 16),
      as: "x.npy")
    let commands = [
      "inspect m.onnx", "count m.onnx", "count m.onnx --layers",
      "plan m.onnx --units 2 --cut-first -o p.json",
      "run m.onnx --input x.npy --output y.npz", "validate m.onnx", "convert m.onnx m.npz",
      "diff m.onnx m.npz",
    ]
    for command in commands {
      let words = command.split(separator: " ").map(String.init)
      let run = try Subprocess.run(
        "strace", ["-f", "-qq", "-y", "-e", "trace=pread64,read", "-o", "trace", Peers.tessera] + words,
        directory: folder.path)
      #expect(run.code == 0, "\(command): \(run.errorText)")
      let trace = try String(contentsOfFile: folder.file("trace"), encoding: .utf8)
      let count = trace.split(separator: "\n").filter { $0.contains("/m.onnx>") }
        .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
      #expect((size..<5 * size / 2).contains(count), "\(command): \(count) of \(size) bytes")
    }
  }

  private static let inputs: Set<String> = [
    "network.onnx", "weights.safetensors", "plan.json", "images.npy", "fashion.h5", "network.h5",
  ]
}
