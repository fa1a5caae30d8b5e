internal import ONNXGraph

/// A causal convolution of each channel with its state, as ONNX's `CausalConvWithState`, with a `dilation` (1)
///
/// The other attributes with values other than their defaults are unsupported: ONNX Runtime made most of them for GPUs.
/// Source: ONNX Runtime `CausalConvWithState`, version 1.
enum MicrosoftCausalConvWithState: MicrosoftOperator {
  static var name: String { "CausalConvWithState" }

  private static let defaults = [
    "ndim": 1, "channels_last": 0, "state_window": 0, "state_length": 0, "state_channels_last": -1,
    "input_channels": 0, "input_channel_offset": 0, "state_update_capacity": 0,
  ]

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    for (name, value) in defaults.sorted(by: { $0.key < $1.key }) {
      if let given = try call.int(name), given != value {
        throw .unsupported("\(name) \(value)", found: "\(given)")
      }
    }
    return try CausalConvWithState.results(call, dilation: try call.int("dilation") ?? 1)
  }
}
