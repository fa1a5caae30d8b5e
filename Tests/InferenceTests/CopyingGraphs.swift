import ONNXGraph
import TestSupport

/// Graphs in which functions or loops repeat a few bytes.
enum CopyingGraph: String, CaseIterable, Sendable {
  case constantsInAFunction, inputsOfAFunction, namesInAGraphOfAFunction, inputsOfTheGraph, scansOfOneValue,
    outputsOfEmptyTrips, constantsInALoop, inputsOfANode

  /// The graph, n times as large as for n = 1.
  func bytes(_ n: Int) -> [UInt8] {
    ModelBytes.model(
      more: { model in function(&model, n) },
      graph: { graph in self.graph(&graph, n) })
  }

  private func function(_ model: inout WireWriter, _ n: Int) {
    switch self {
    case .constantsInAFunction, .inputsOfAFunction, .namesInAGraphOfAFunction:
      model.message(25) { function in
        function.text(1, "f")
        function.text(5, "y")
        function.text(10, "d")
        switch self {
        case .inputsOfAFunction:
          for index in 0..<(20 * n) { function.text(4, "i\(index)") }
        case .namesInAGraphOfAFunction:
          function.node("Constant", [], ["yes"], field: 7) { node in
            node.message(5) { value in
              value.text(1, "value")
              value.tensor("", field: 5, type: 9, [], raw: [1])
              value.int(20, 4)
            }
          }
          function.node("If", ["yes"], ["z"], field: 7) { node in
            for branch in ["then_branch", "else_branch"] {
              node.attribute(branch) { inner in
                for index in 0..<(10 * n) { inner.ones("w\(index)", [1]) }
                inner.value(12, "w0")
              }
            }
          }
        default: break
        }
        for index in 0..<(self == .constantsInAFunction ? 20 * n : 1) {
          function.node("Constant", [], [index == 0 ? "y" : "c\(index)"], field: 7) {
            $0.attribute("value_int", int: 1)
          }
        }
      }
    default: break
    }
  }

  private func graph(_ graph: inout WireWriter, _ n: Int) {
    switch self {
    case .constantsInAFunction, .inputsOfAFunction, .namesInAGraphOfAFunction:
      for index in 0..<(20 * n) { graph.node("f", [], ["a\(index)"], domain: "d") }
      graph.value(12, "a0", type: 7)
    case .inputsOfTheGraph:
      for index in 0..<(20 * n) {
        graph.ones("x\(index)", [1])
        graph.value(11, "x\(index)", [1])
      }
      graph.value(12, "x0")
    case .scansOfOneValue, .outputsOfEmptyTrips, .constantsInALoop:
      graph.int64s("trips", [10 * n], shape: [])
      graph.ones("w", [1])
      let outputs = self == .constantsInALoop ? 0 : 100 * n
      graph.node("Loop", ["trips", ""], (0..<outputs).map { "s\($0)" }, name: "loop") { node in
        node.attribute("body") { body in
          body.value(11, "i", type: 7, [])
          body.value(11, "go", type: 9, [])
          body.tensor("on", type: 9, [], raw: [1])
          body.value(12, "on", type: 9, [])
          if self == .constantsInALoop { for index in 0..<(20 * n) { body.ones("k\(index)", [1]) } }
          if self == .outputsOfEmptyTrips { body.tensor("none", [0]) }
          for _ in 0..<outputs { body.value(12, self == .scansOfOneValue ? "w" : "none") }
        }
      }
      graph.value(12, "w")
    case .inputsOfANode:
      graph.ones("w", [1])
      graph.node("Max", [String](repeating: "w", count: 20 * n), ["a"])
      graph.value(12, "a")
    }
  }
}
