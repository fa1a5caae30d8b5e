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
    for value in model.graph.inputs + model.graph.outputs {
      guard case .tensor(let type?, _)? = value.type else { return "has a value that is no tensor" }
      if !Self.types.contains(type) { return "has \(type.name) values" }
    }
    return nil
  }

  /// Cases whose data divides by the scaled length minus one, where the specification has the length of the result.
  private static let otherCorners: Set<String> = [
    "test_resize_downsample_scales_linear_align_corners", "test_resize_downsample_scales_cubic_align_corners",
  ]

  /// F16, F32, F64, integers, booleans and text.
  private static let types: Set<ElementType> = [
    .float16, .float, .double, .int64, .int32, .int16, .int8, .int4, .int2, .uint64, .uint32, .uint16, .uint8,
    .uint4, .uint2, .bool, .string,
  ]

  /// The error in the outputs; nil if they are right.
  func failure(
    _ backend: BackendKind = .reference, _ bound: Closeness = .perElement, threads: Int = 1
  ) throws -> String? {
    let session = try Session(model, backend: backend, threads: threads)
    var sets = 0
    while FileManager.default.fileExists(atPath: "\(folder)/test_data_set_\(sets)") {
      let data = "\(folder)/test_data_set_\(sets)"
      var inputs: [String: Tensor] = [:]
      for (index, input) in session.inputs.enumerated() {
        inputs[input.name] = try tensor("\(data)/input_\(index).pb", session)
      }
      for (index, output) in try session.run(inputs).enumerated() {
        guard let expected = try tensor("\(data)/output_\(index).pb", session) else { continue }
        if let problem = bound.difference(output.tensor, expected, session) {
          return "output \(output.name): \(problem)"
        }
      }
      sets += 1
    }
    return sets == 0 ? "no test data" : nil
  }

  private func tensor(_ path: String, _ session: Session) throws -> Tensor? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try session.tensor(message: try ReadableFile(path: path)).tensor
  }
}
