/// y = s / √(mean of s² + epsilon) · gamma for s = x + skip + bias, with the mean over the last axis
///
/// x: floats, [B, S, n] or [S, n]; skip: broadcasts to x; gamma, bias (0): [n] (epsilon: 1e-12) → y: as x; 0 and
/// 1/√(mean of s² + epsilon): FLOAT, [.., 1]; s: as x. Source: ONNX Runtime `SkipSimplifiedLayerNormalization`,
/// version 1.
enum SkipSimplifiedLayerNormalization: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try SkipLayerNormalization.normalised(call, bias: 3, shift: nil, isCentred: false)
  }
}
