import ONNXGraph
import TestSupport

/// A model of one operator that asks for more work or memory than a run may take.
struct HostileOperator: Sendable {
  enum Input: Sendable {
    /// Zeros that the model itself makes, so that the file is small. `type` is that of `TensorProto`.
    case zeros([Int], type: Int = 1)
    case ints([Int], shape: [Int]? = nil)
    case int32s([Int])
    case floats([Float])
    case texts([String], shape: [Int]? = nil)
    /// The same text in this number of elements.
    case repeated(String, Int)
    case none
  }

  let operation: String
  var domain = ""
  var opset = 27
  /// A word of the error, which tells the limit.
  let word: String
  var stepLimit: Int?
  var inputs: [Input] = []
  /// How often the operator is evaluated in a loop; nil for once, without a loop.
  var trips: Int?
  /// How often the list of inputs is repeated.
  var copies = 1
  var attributes: @Sendable (inout WireWriter) -> Void = { _ in }

  var hostile: HostileGraph {
    let example = self
    return HostileGraph(
      label: "\(operation): \(word)", words: ["'op'", word], opset: opset, stepLimit: stepLimit,
      graph: { example.write(&$0.writer) },
      functions: { box in
        if example.domain.isEmpty { return }
        box.writer.message(8) { set in
          set.text(1, example.domain)
          set.int(2, 1)
        }
      })
  }

  private func write(_ graph: inout WireWriter) {
    var names: [String] = []
    for (number, input) in inputs.enumerated() {
      names.append(Self.write(input, "x\(number)", &graph))
    }
    names = (0..<copies).flatMap { _ in names }
    if let trips {
      graph.int64s("trips", [trips], shape: [])
      graph.tensor("yes", type: 9, [], raw: [1])
      graph.node("Loop", ["trips", "yes"], [], name: "loop") { node in
        node.attribute("body") { body in
          body.value(11, "i", type: 7, [])
          body.value(11, "go", type: 9, [])
          body.node(operation, names, ["y"], name: "op", domain: domain) { attributes(&$0) }
          body.node("Identity", ["go"], ["on"])
          body.value(12, "on", type: 9, [])
        }
      }
      graph.ones("a", [1])
    } else {
      graph.node(operation, names, ["a"], name: "op", domain: domain) { attributes(&$0) }
    }
    graph.value(12, "a")
  }

  /// Writes an input, and returns the name of its value.
  private static func write(_ input: Input, _ name: String, _ graph: inout WireWriter) -> String {
    switch input {
    case .zeros(let shape, let type) where shape.contains(0): graph.tensor(name, type: type, shape, raw: [])
    case .zeros(let shape, let type):
      graph.int64s(name + "shape", shape)
      graph.node("ConstantOfShape", [name + "shape"], [name]) { node in
        node.message(5) { attribute in
          attribute.text(1, "value")
          attribute.tensor(
            "", field: 5, type: type, [1], raw: [UInt8](repeating: 0, count: widths[type] ?? 4))
          attribute.int(20, 4)
        }
      }
    case .ints(let numbers, let shape): graph.int64s(name, numbers, shape: shape)
    case .int32s(let numbers): graph.tensor(name, type: 6, [numbers.count]) { $0.packed(5, numbers) }
    case .floats(let numbers):
      let bytes = numbers.flatMap { number in
        withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      }
      graph.tensor(name, [numbers.count], raw: bytes)
    case .texts(let texts, let shape):
      graph.tensor(name, type: 8, shape ?? [texts.count]) { for text in texts { $0.text(6, text) } }
    case .repeated(let text, let count):
      graph.tensor(name + "text", type: 8, [1]) { $0.text(6, text) }
      graph.int64s(name + "shape", [count])
      graph.node("Expand", [name + "text", name + "shape"], [name])
    case .none: return ""
    }
    return name
  }

  /// The bytes of an element of the types in `zeros`, by the numbers of `TensorProto`.
  private static let widths = [1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8]
}
