import ByteFiles
import Foundation
import Inference
import ONNXGraph

/// One folder of ONNX's test data: a model, and inputs with their expected outputs.
struct ConformanceCase {
  let name: String
  let folder: String
  let model: Model

  init(_ folder: String) throws {
    self.folder = folder
    name = URL(fileURLWithPath: folder).lastPathComponent
    model = try Model(try ReadableFile(path: folder + "/model.onnx"))
  }

  /// The operators of all graphs of the model.
  var operators: Set<String> { Self.operators(model.graph) }

  private static func operators(_ graph: Graph) -> Set<String> {
    var names: Set<String> = []
    for node in graph.nodes {
      names.insert(node.domain.isEmpty ? node.operation : "\(node.domain).\(node.operation)")
      for case .graph(let inner) in node.attributes.values { names.formUnion(operators(inner)) }
    }
    return names
  }

  /// The reason why the case is left out; nil if it must pass.
  var exclusion: String? {
    if name.hasPrefix("test_training_dropout"), !name.contains("zero_ratio") {
      return "its mask is drawn by NumPy's generator"
    }
    if name.hasPrefix("test_bernoulli") { return "its numbers are drawn by NumPy's generator" }
    if Self.otherCorners.contains(name) {
      return
        "its corners are those of a fraction; ONNX's text, ONNX Runtime and PyTorch have the last element"
    }
    if name == "test_attention_4d_causal_fp16_expanded" {
      return "its data round to F16 once, its nodes each time; ONNX Runtime is off by as much"
    }
    if name == "test_maxunpool_export_with_output_shape" {
      return
        "its positions are those in another shape than the output's, which ONNX's text and ONNX Runtime have"
    }
    if name == "test_dft_inverse" || name == "test_dft_inverse_opset19" {
      return "its data have the rounding of a transform in F32, 2e-7 where the exact value is 0"
    }
    if let other = operators.subtracting(listedOperators).min() {
      return "uses \(other), which is not listed"
    }
    if hasOldBF16 { return "its BF16 data are stored as UINT16" }
    return nil
  }

  /// Whether the case was made by onnx 1.14 or earlier, and has BF16 values.
  private var hasOldBF16: Bool {
    model.opsets["", default: 0] < 19
      && (model.graph.inputs + model.graph.outputs).contains { value in
        if case .tensor(.bfloat16, _)? = value.type { true } else { false }
      }
  }

  /// Cases whose data divides by the scaled length minus one, where the specification has the length of the result.
  private static let otherCorners: Set<String> = [
    "test_resize_downsample_scales_linear_align_corners", "test_resize_downsample_scales_cubic_align_corners",
  ]

  /// The error in the outputs; nil if they are right.
  func failure(
    _ backend: BackendKind = .reference, _ bound: Closeness = .perElement, threads: Int = 1
  ) throws -> String? {
    let session = try Session(model, backend: backend, threads: threads)
    var sets = 0
    while FileManager.default.fileExists(atPath: "\(folder)/test_data_set_\(sets)") {
      let data = "\(folder)/test_data_set_\(sets)"
      var inputs: [String: Value] = [:]
      for (index, input) in session.inputs.enumerated() {
        inputs[input.name] = try value("\(data)/input_\(index).pb", input.type, session)
      }
      for (index, output) in try session.run(values: inputs).enumerated() {
        let type = model.graph.outputs[index].type
        guard let expected = try value("\(data)/output_\(index).pb", type, session) else { continue }
        if let problem = bound.difference(output.value, expected, session) {
          return "output \(output.name): \(problem)"
        }
      }
      sets += 1
    }
    return sets == 0 ? "no test data" : nil
  }

  private func value(_ path: String, _ type: ValueType?, _ session: Session) throws -> Value? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try session.value(message: try ReadableFile(path: path), type)
  }
}
