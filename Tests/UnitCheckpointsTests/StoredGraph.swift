import ONNXGraph
import TestSupport

/// A small model whose tensors are stored in every way: raw, packed floats, external, and in a form without a hole.
enum StoredGraph {
  static let files = ["model.onnx", "side.bin"]

  /// Writes `model.onnx` and `side.bin`, and returns the model's path.
  static func write(in folder: TemporaryFolder) throws -> String {
    var generator = SeededGenerator(seed: 17)
    func floats(_ count: Int) -> [UInt8] {
      (0..<count).flatMap { _ in
        let number = Float(generator.number(in: -1000...1000)) / 512
        return withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      }
    }
    let (up, bias, down, shift) = (floats(4 * 6), floats(6), floats(6 * 3), floats(3))
    _ = try folder.write([1, 2, 3, 4] + down + [5], as: "side.bin")
    let model = ModelBytes.model { graph in
      graph.node("MatMul", ["x", "up"], ["a"], name: "first")
      graph.node("Add", ["a", "bias"], ["b"], name: "add")
      graph.node("Relu", ["b"], ["c"], name: "relu")
      graph.node("MatMul", ["c", "down"], ["d"], name: "second")
      graph.node("Add", ["d", "shift"], ["e"], name: "shifted")
      graph.node("Reshape", ["e", "shape"], ["y"], name: "reshape")
      graph.text(2, "stored")
      graph.tensor("up", [4, 6], raw: up)
      graph.tensor("bias", [6]) { $0.bytes(4, bias) }
      graph.tensor("down", [6, 3]) {
        $0.external([("location", "side.bin"), ("offset", "4"), ("length", "72")])
      }
      graph.tensor("shift", [3], raw: shift)
      graph.int64s("shape", [-1, 3])
      graph.value(11, "x", [2, 4])
      graph.value(12, "y", [2, 3])
    }
    return try folder.write(model, as: "model.onnx")
  }
}
