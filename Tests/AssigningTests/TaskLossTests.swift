import ByteFiles
import Inference
import ONNXGraph
import TensorStreams
import Tensors
import TestSupport
import Testing

@testable import Assigning

@Suite("Losses of tasks")
struct TaskLossTests {
  /// A tensor of a session, with these numbers.
  private static func tensor(_ values: [Float], _ shape: [Int]) throws -> Inference.Tensor {
    let folder = try TemporaryFolder()
    let bytes = ModelBytes.model { graph in
      graph.value(11, "x", shape)
      graph.node("Identity", ["x"], ["y"])
      graph.value(12, "y", shape)
    }
    let session = try Session(try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx"))))
    return try session.tensor(.float, shape, for: "x") { target in
      values.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }

  private static func loss(
    _ values: [Float], _ shape: [Int], _ labels: [Double], _ labelShape: [Int], areNumbers: Bool = false,
    areBinary: Bool? = nil, _ operation: String? = nil
  ) throws -> TaskLoss {
    var loss = TaskLoss()
    try loss.add(
      tensor(values, shape), labels: labels, shape: labelShape, areNumbers: areNumbers,
      areBinary: areBinary ?? labels.allSatisfy { $0 == 0 || $0 == 1 || $0 == -100 }, operation: operation)
    return loss
  }

  @Test("have the values of PyTorch's functions")
  func values() throws {
    // torch.nn.functional.cross_entropy(tensor([[1., 2, -1], [0, 0.5, 3]]), tensor([1, 0]))
    let logits: [Float] = [1, 2, -1, 0, 0.5, 3]
    let classes = try Self.loss(logits, [2, 3], [1, 0], [2])
    #expect(abs(classes.mean - 1.736443) < 1e-5 && classes.kind == "cross-entropy" && classes.count == 2)
    #expect(try abs(Self.loss(logits, [2, 3], [1, -100], [2]).mean - 0.349012) < 1e-5)
    // The classes are on the last dimension if only that fits.
    #expect(try abs(Self.loss(logits, [1, 2, 3], [1, 0], [1, 2]).mean - 1.736443) < 1e-5)
    // Segmentation: the classes are on dimension 1, and a position's values lie apart.
    let apart = try Self.loss([1, 0, 2, 0.5, -1, 3], [1, 3, 2], [1, 0], [1, 2])
    #expect(abs(apart.mean - 1.736443) < 1e-5 && apart.count == 2)
    // Probabilities, one of which is 0 in binary32.
    let sure = try Self.loss([0.25, 0.75, 1, 0], [2, 2], [1, 1], [2], "Softmax")
    #expect(sure.mean.isFinite && sure.mean > 40)
    // binary_cross_entropy_with_logits(tensor([0.5, -2]), tensor([1., 1.])): labels may be numbers or integers.
    for (areNumbers, shape) in [(false, [2]), (true, [2]), (true, [2, 1])] {
      let found = try Self.loss([0.5, -2], [2, 1], [1, 1], shape, areNumbers: areNumbers)
      #expect(abs(found.mean - 1.300503) < 1e-5 && found.kind == "logistic")
    }
    let squared = try Self.loss([0.5, -2], [2, 1], [1, 3], [2, 1], areNumbers: true)
    #expect(abs(squared.mean - 12.625) < 1e-6 && squared.kind == "squared error")
  }

  @Test("samples that happen to have labels 0 and 1 only do not change the loss of the others")
  func someBinary() throws {
    let found = try Self.loss([0.5, -2], [2, 1], [1, 0], [2, 1], areNumbers: true, areBinary: false)
    #expect(found.kind == "squared error" && abs(found.mean - 2.125) < 1e-6)
  }

  @Test("labels that do not fit are refused, however large")
  func refused() throws {
    for label in [3, -1, 0.5, 9.3e18, 1e300] {
      #expect(throws: TaskLoss.Mismatch.self) { try Self.loss([1, 2, 3], [1, 3], [label], [1]) }
    }
    #expect(throws: TaskLoss.Mismatch.self) { try Self.loss([1, 2], [2, 1], [1, 9.3e18], [2]) }
    #expect(throws: TaskLoss.Mismatch.self) { try Self.loss([1, 2, 3, 4], [2, 2], [1, 1, 1], [3]) }
    #expect(throws: TaskLoss.Mismatch.self) {
      try Self.loss([1, 2, 3], [1, 3], [0.5, 2], [2], areNumbers: true)
    }
  }
}
