import Foundation
import ONNXGraph
import StrictJSON
import TestSupport
import Testing

@Suite("run")
struct RunCommandTests {
  /// y = x · w, where w: [2, 3] has only ones, so each row of y is the sum of a row of x, three times.
  static let product = ModelBytes.model { graph in
    graph.value(11, "x", [2, 2])
    graph.ones("w", [2, 3])
    graph.node("MatMul", ["x", "w"], ["y"], name: "mul")
    graph.value(12, "y", [2, 3])
  }

  /// d = a − b
  static let difference = ModelBytes.model { graph in
    graph.value(11, "a", [2])
    graph.value(11, "b", [2])
    graph.node("Sub", ["a", "b"], ["d"], name: "sub")
    graph.value(12, "d", [2])
  }

  private static func little(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
  }

  private static func npy(_ shape: String, _ values: [Float]) -> [UInt8] {
    let header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + little(values)
  }

  private static func safetensors(_ tensors: [(String, [Float])]) -> [UInt8] {
    var members: [String] = []
    var body: [UInt8] = []
    for (name, values) in tensors {
      let start = body.count
      body += little(values)
      members.append(
        #""\#(name)":{"dtype":"F32","shape":[\#(values.count)],"data_offsets":[\#(start),\#(body.count)]}"#)
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + body
  }

  @Test("an npy is the one input, whatever that is called, and the one output")
  func single() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(Self.product, as: "m.onnx")
    let input = try folder.write(Self.npy("(2, 2)", [1, 2, 3, 4]), as: "x.npy")
    let output = folder.file("y.npy")
    let run = try tessera([
      "run", model, "--input", input, "--output", output, "--json", "--repeat", "3", "--profile",
    ])
    #expect(run.ending == .exited(0), "\(run.errorText)")
    #expect(try TemporaryFolder.bytes(of: output).suffix(24) == Self.little([3, 3, 3, 7, 7, 7])[...])
    guard case .object(let report) = try JSONParser().parse(run.output) else {
      Issue.record("no object")
      return
    }
    #expect(report["format"] == "tessera.run/1" && report["backend"] == "fast")
    #expect(report["bytes_read"] == 24)
    guard case .array(let outputs)? = report["outputs"], case .object(let first)? = outputs.first,
      case .array(let layers)? = report["layers"], case .object(let layer)? = layers.first,
      case .object(let latency)? = report["latency_seconds"], case .integer(let rest)? = report["index_bytes"]
    else {
      Issue.record("\(run.outputText)")
      return
    }
    #expect(first["name"] == "y" && first["dtype"] == "F32" && first["shape"] == .array([2, 3]))
    #expect(layer["node"] == "mul" && layer["operator"] == "MatMul" && layer["calls"] == 3)
    #expect(layer["multiply_adds"] == 12 && layer["parameters"] == 6)
    #expect(["min", "median", "max"].allSatisfy { latency[$0] != nil })
    // The beginning of the file is also read to recognise its format.
    #expect(rest > 0 && rest <= 3 * Int64(Self.product.count))
  }

  @Test("several inputs are distinguished by their names")
  func names() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(Self.difference, as: "m.onnx")
    let input = try folder.write(Self.safetensors([("b", [1, 2]), ("a", [10, 20])]), as: "in.safetensors")
    let npz = folder.file("in.npz")
    #expect(try tessera(["convert", input, npz]).ending == .exited(0))
    for source in [input, npz] {
      let run = try tessera(["run", model, "--input", source, "--output", folder.file("y.npy")])
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(try TemporaryFolder.bytes(of: folder.file("y.npy")).suffix(8) == Self.little([9, 18])[...])
    }
  }

  @Test("what is missing, of another shape or unknown is named in one sentence, and nothing is written")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let product = try folder.write(Self.product, as: "p.onnx")
    let difference = try folder.write(Self.difference, as: "d.onnx")
    let wide = try folder.write(Self.npy("(3, 2)", [1, 2, 3, 4, 5, 6]), as: "wide.npy")
    let one = try folder.write(Self.safetensors([("a", [1, 2])]), as: "one.safetensors")
    let other = try folder.write(Self.safetensors([("a", [1, 2]), ("z", [1, 2])]), as: "other.safetensors")
    let greedy = try folder.write(
      ModelBytes.model { graph in
        graph.int64s("s", [500])
        graph.node("ConstantOfShape", ["s"], ["y"], name: "fill")
        graph.value(12, "y")
      }, as: "g.onnx")
    let output = folder.file("y.npz")
    let before = try folder.names()
    for (arguments, words) in [
      ([product, "--input", wide], ["input 'x'", "[2, 2]", "[3, 2]"]), ([product], ["input 'x'", "none"]),
      ([difference, "--input", one], ["input 'b'", "none"]),
      ([difference, "--input", other], ["array 'z'", "'a', 'b'"]),
      ([one, "--input", one], ["an ONNX model", "safetensors"]),
      ([folder.file("nothing.onnx"), "--input", one], ["cannot open"]),
      ([greedy, "--memory-limit", "1kB"], ["'fill'", "1,000 bytes of tensors"]),
      ([greedy, "--step-limit", "100"], ["'fill'", "100 steps"]),
    ] {
      let said = try tessera(["run"] + arguments + ["--output", output]).sentence()
      for word in words { #expect(said.contains(word), "\(said)") }
      #expect(try folder.names() == before)
    }
  }

  @Test("options that make no sense are usage errors")
  func usage() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(Self.product, as: "p.onnx")
    for arguments in [
      [model, "--output", "y.txt"], [model, "--output", model],
      [model, "--output", "y.npz", "--backend", "abacus"],
      [model, "--output", "y.npz", "--threads", "0"], [model, "--output", "y.npz", "--repeat", "0"],
      [model, "--output", "y.npz", "--memory-limit", "much"], [model],
    ] {
      #expect(try tessera(["run"] + arguments).ending == .exited(64), "\(arguments)")
    }
  }
}
