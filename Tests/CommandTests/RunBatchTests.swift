import Foundation
import ONNXGraph
import StrictJSON
import TestSupport
import Testing

@Suite("run --batch")
struct RunBatchTests {
  /// y = x · w and z = x + x for x: [n, 2], where w: [2, 3] has only ones.
  private static let model = ModelBytes.model { graph in
    graph.value(11, "x")
    graph.ones("w", [2, 3])
    graph.node("MatMul", ["x", "w"], ["y"])
    graph.node("Add", ["x", "x"], ["z"])
    graph.value(12, "y")
    graph.value(12, "z")
  }

  private static func numbers(_ count: Int) -> [Float] { (0..<count).map { Float($0) * 0.5 - 3 } }

  private static func safetensors(_ tensors: [(name: String, shape: [Int])]) -> [UInt8] {
    var members: [String] = []
    var body: [UInt8] = []
    for (name, shape) in tensors {
      let start = body.count
      for number in numbers(shape.reduce(1, *)) {
        body += withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      }
      let extents = shape.map(String.init).joined(separator: ",")
      members.append(
        #""\#(name)":{"dtype":"F32","shape":[\#(extents)],"data_offsets":[\#(start),\#(body.count)]}"#)
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + body
  }

  @Test("any batch size gives the bytes of one run, whether the samples divide evenly or not")
  func same() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(Self.model, as: "m.onnx")
    let flat = try folder.write(Self.safetensors([("x", [7, 2])]), as: "x.safetensors")
    let npz = folder.file("x.npz")
    #expect(try tessera(["convert", flat, npz]).ending == .exited(0))
    let whole = folder.file("whole.npz")
    #expect(try tessera(["run", model, "--input", npz, "--output", whole]).ending == .exited(0))
    for (input, output) in [(flat, "a.npz"), (npz, "b.npz")] {
      for size in [1, 2, 3, 7, 50] {
        let run = try tessera([
          "run", model, "--input", input, "--output", folder.file(output), "--batch", "\(size)", "--json",
        ])
        #expect(run.ending == .exited(0), "\(run.errorText)")
        #expect(try TemporaryFolder.bytes(of: folder.file(output)) == TemporaryFolder.bytes(of: whole))
        guard case .object(let report) = try JSONParser().parse(run.output),
          case .object(let batch)? = report["batch"], case .array(let outputs)? = report["outputs"],
          case .object(let first)? = outputs.first
        else {
          Issue.record("\(run.outputText)")
          return
        }
        #expect(batch["size"] == JSONValue(size) && batch["samples"] == 7)
        #expect(first["name"] == "y" && first["shape"] == .array([7, 3]))
      }
    }
    let said = try tessera(["run", model, "--input", npz, "--output", whole, "--batch", "3"]).outputText
    #expect(said.contains("3 runs of at most 3 of 7 samples"), "\(said)")
  }

  @Test("inputs and outputs that cannot be split are named in one sentence, and nothing is written")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let product = try folder.write(Self.model, as: "p.onnx")
    let sum = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "a")
        graph.value(11, "b")
        graph.node("Add", ["a", "b"], ["y"])
        graph.value(12, "y")
      }, as: "s.onnx")
    let mean = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x")
        graph.node("ReduceMean", ["x"], ["y"]) { $0.attribute("keepdims", int: 0) }
        graph.value(12, "y")
      }, as: "m.onnx")
    let transposed = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x")
        graph.node("Transpose", ["x"], ["y"])
        graph.value(12, "y")
      }, as: "t.onnx")
    let fixed = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x", [4, 2])
        graph.node("Relu", ["x"], ["y"])
        graph.value(12, "y", [4, 2])
      }, as: "f.onnx")
    let static4 = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x")
        graph.ones("w", [4, 2])
        graph.node("Identity", ["w"], ["y"])
        graph.node("Relu", ["x"], ["r"])
        graph.value(12, "y", [4, 2])
        graph.value(12, "r")
      }, as: "static.onnx")
    let wide = try folder.write(Self.safetensors([("x", [8, 4])]), as: "wide.safetensors")
    let eight = try folder.write(Self.safetensors([("x", [8, 2])]), as: "8.safetensors")
    let six = try folder.write(Self.safetensors([("x", [6, 2])]), as: "6.safetensors")
    let two = try folder.write(Self.safetensors([("a", [6, 2]), ("b", [1, 2])]), as: "2.safetensors")
    let none = try folder.write(Self.safetensors([("x", [0, 2])]), as: "0.safetensors")
    let scalar = try folder.write(Self.safetensors([("x", [])]), as: "s.safetensors")
    let output = folder.file("y.npz")
    let before = try folder.names()
    for (arguments, words) in [
      ([sum, "--input", two], ["array 'b'", "6 samples as in array 'a'", "[1, 2]"]),
      ([product, "--input", none], ["array 'x'", "one or more samples", "[0, 2]"]),
      ([product, "--input", scalar], ["array 'x'", "one or more samples"]),
      ([mean, "--input", eight], ["output 'y'", "each of 4 samples", "--batch"]),
      ([transposed, "--input", eight], ["output 'y'", "each of 4 samples", "[2, 4]"]),
      ([static4, "--input", eight], ["output 'y'", "each of 4 samples", "[4, 2]"]),
      // In runs of 4, the first extents are 4 by coincidence; only a run of another size shows it.
      ([transposed, "--input", wide], ["output 'y'", "each of 3 samples", "[4, 3]"]),
      ([fixed, "--input", six], ["array 'x'", "exactly 4 samples", "6 samples in runs of 4"]),
    ] {
      let said = try tessera(["run"] + arguments + ["--output", output, "--batch", "4"]).sentence()
      for word in words { #expect(said.contains(word), "\(said)") }
      #expect(try folder.names() == before)
    }
    let run = try tessera(["run", fixed, "--input", eight, "--output", output, "--batch", "4"])
    #expect(run.ending == .exited(0), "\(run.errorText)")
    for arguments in [
      ["--batch", "0", "--input", eight], ["--batch", "2"],
      ["--batch", "2", "--repeat", "3", "--input", eight],
    ] {
      #expect(
        try tessera(["run", product, "--output", output] + arguments).ending == .exited(64), "\(arguments)")
    }
  }

  @Test("samples are read and results are written run by run")
  func memory() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x")
        graph.node("Relu", ["x"], ["y"])
        graph.value(12, "y")
      }, as: "m.onnx")
    let input = try folder.write(Self.safetensors([("x", [4000, 100])]), as: "x.safetensors")
    let output = folder.file("y.npy")
    // All samples take 1,600,000 bytes, those of a run 40,000.
    let arguments = ["run", model, "--input", input, "--output", output, "--memory-limit", "200kB"]
    #expect(try tessera(arguments).ending == .exited(2))
    let run = try tessera(arguments + ["--batch", "100"])
    #expect(run.ending == .exited(0), "\(run.errorText)")
    #expect(try TemporaryFolder.bytes(of: output).count == 128 + 1_600_000)
  }
}
