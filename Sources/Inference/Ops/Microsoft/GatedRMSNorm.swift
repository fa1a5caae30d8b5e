internal import ONNXGraph

/// y = x / √(mean of x² + epsilon) · scale · f(gate), the mean over each C neighbouring elements of a row
///
/// x: floats, [.., H·C]; scale: [C]; gate: as x; f: `activation`, "silu" or "swish" for z / (1 + e⁻ᶻ), "sigmoid" for 1 / (1
/// + e⁻ᶻ) (epsilon: 1e-5) → y: as x. All in binary32, rounded once. Source: ONNX Runtime `GatedRMSNorm`, version 1.
enum GatedRMSNorm: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let scale = try call.input(1, rank: 1)
    let gate = try call.input(2, type: x.type)
    let group = scale.shape[0]
    guard x.rank >= 1, gate.shape == x.shape, group >= 1, x.shape[x.rank - 1] % group == 0 else {
      throw call.wrong(
        0, "a gate of the same shape and rows of groups of \(group)",
        found: "\(shapeText(x.shape)) and \(shapeText(gate.shape))")
    }
    let isSigmoid = try call.word("activation", ["silu", "swish", "sigmoid"], default: "silu") == "sigmoid"
    let normal = try Normalising.layers(
      call, try x.reshaped([x.count / group, group]), axis: 1, epsilon: try call.epsilon(), scale: scale,
      shift: nil, isCentred: false, as: .float)[0]
    let factors = try Elementwise.map(call, try Casting.cast(call, gate, to: .float)) {
      isSigmoid ? Sigmoid.value($0) : Swish.value($0)
    }
    let y = try Elementwise.binary(Mul.self, call, try normal.reshaped(x.shape), factors)
    return [try Casting.cast(call, y, to: x.type)]
  }
}
