internal import ONNXGraph

/// A recurrent state for each sample and head, as in ONNX's `LinearAttention`
///
/// The number of heads of keys may also be a multiple of that of queries; o then has a head for each of the keys. States
/// of several steps (`state_window` > 0) are unsupported: they are for speculative decoding inside ONNX Runtime. Source:
/// ONNX Runtime `LinearAttention`, version 1.
enum MicrosoftLinearAttention: MicrosoftOperator {
  static var name: String { "LinearAttention" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if let window = try call.int("state_window"), window != 0 {
      throw .unsupported("state_window 0", found: "\(window)")
    }
    return try LinearAttention.results(call, mayHaveMoreKeys: true)
  }
}
