import ByteFiles
import Foundation
import Inference
import ONNXGraph
import TestSupport
import Testing

@Suite("Mutated models")
struct MutationTests {
  /// Most parts that a model can have: raw, typed and external tensors, attributes of every kind, branches, a loop.
  static let model = ModelBytes.model { graph in
    graph.value(11, "x", [1, 2, 5, 4])
    graph.ones("w", [3, 2, 2, 2])
    graph.int64s("shape", [1, -1])
    graph.tensor("yes", type: 9, [], raw: [1])
    graph.tensor("half", type: 10, [2]) { $0.packed(5, [0x3C00, 0x4000]) }
    graph.node("Conv", ["x", "w"], ["c"]) { node in
      node.attribute("pads", ints: [1, 0, 0, 1])
      node.attribute("strides", ints: [2, 1])
      node.attribute("auto_pad", text: "NOTSET")
    }
    graph.node("MaxPool", ["c"], ["p"]) { $0.attribute("kernel_shape", ints: [2, 2]) }
    graph.node("Reshape", ["p", "shape"], ["r"])
    graph.node("Loop", ["", "yes", "r"], ["l"]) { node in
      node.attribute("body") { body in
        body.value(11, "i", type: 7, [])
        body.value(11, "go", type: 9, [])
        body.value(11, "v")
        body.node("Add", ["v", "v"], ["out"])
        body.node("Not", ["go"], ["on"])
        body.value(12, "on", type: 9, [])
        body.value(12, "out")
      }
    }
    graph.node("If", ["yes"], ["y"]) { node in
      node.attribute("then_branch") { branch in
        branch.node("Softmax", ["l"], ["a"]) { $0.attribute("axis", int: 1) }
        branch.value(12, "a")
      }
      node.attribute("else_branch") { branch in
        branch.node("Identity", ["l"], ["b"])
        branch.value(12, "b")
      }
    }
    graph.value(12, "y")
  }

  @Test("bytes changed, cut and repeated end in an error or in a result", arguments: 0..<8)
  func mutations(part: Int) throws {
    var generator = SeededGenerator(seed: UInt64(part))
    let folder = try TemporaryFolder()
    var (read, ran) = (0, 0)
    for _ in 0..<500 {
      let bytes = Self.mutated(Self.model, &generator)
      let path = try folder.write(bytes, as: "m.onnx")
      guard let model = try? Model(try ReadableFile(path: path)) else { continue }
      read += 1
      _ = try? model.constants()
      var limits = RunLimits()
      limits.bytes = 64 << 20
      limits.elements = 1 << 22
      limits.steps = 20_000_000
      limits.trips = 1000
      let backend = BackendKind.allCases[part % BackendKind.allCases.count]
      guard let session = try? Session(model, backend: backend, limits: limits) else { continue }
      var inputs: [String: Tensor] = [:]
      for input in session.requiredInputs {
        inputs[input.name] = try session.tensor(.float, [1, 2, 5, 4], for: input.name) { bytes in
          for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index * 7) & 0x3F }
        }
      }
      if (try? session.run(inputs)) != nil { ran += 1 }
    }
    // If no mutated model survived, only the first check would be tested.
    #expect(read > 50 && ran > 5, "\(read) read, \(ran) ran")
  }

  private static func mutated(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<generator.number(in: 1...3) {
      let place = generator.number(in: 0...(bytes.count - 1))
      switch generator.number(in: 0...9) {
      case 0...5: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
      case 6: bytes[place] ^= 1 << UInt8(generator.number(in: 0...7))
      case 7: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][generator.number(in: 0...4)]
      case 8: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
      default: if bytes.count > 20 { bytes.remove(at: place) }
      }
    }
    return bytes
  }
}
