/// y = f(alpha · A · B + beta · C): `Gemm`, then `activation` f
///
/// f: Relu, LeakyRelu, Tanh, Sigmoid and others (default: none), with the parameters `activation_alpha`,
/// `activation_beta` and `activation_gamma`. Source: ONNX Runtime `FusedGemm`, version 1.
enum FusedGemm: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var parameters: [Double] = []
    for name in ["alpha", "beta", "gamma"] {
      guard let value = try call.float("activation_\(name)") else { break }
      parameters.append(value)
    }
    let activation = try FusedActivation(call, parameters)
    return [try activation.applied(call, to: try Gemm.evaluate(call)[0])]
  }
}
