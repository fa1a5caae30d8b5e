/// y = f(Conv(x, w, b) + z): `Conv`, then a sum, and `activation` f
///
/// z: the shape of the convolution (0); f: Relu, Tanh, Sigmoid, LeakyRelu (alpha), Clip (minimum, maximum), HardSigmoid
/// (alpha, beta) and others (default: none), with its parameters in `activation_params`. Source: ONNX Runtime
/// `FusedConv`, version 1.
enum FusedConv: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let activation = try FusedActivation(call, try call.floats("activation_params") ?? [])
    let z = call.optional(3)
    var inner = call
    if call.backend.fuses, let fast = activation.fast {
      inner.pending = PendingEpilogue(Epilogue(residual: z, activation: fast))
    }
    var y = try Conv.evaluate(inner)[0]
    if inner.pending?.isDone == true { return [y] }
    if let z {
      guard z.shape == y.shape else { throw call.wrong(3, shapeText(y.shape), found: shapeText(z.shape)) }
      y = try Elementwise.binary(Add.self, call, y, z)
    }
    return [try activation.applied(call, to: y)]
  }
}
