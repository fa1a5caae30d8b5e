internal import ONNXGraph

/// y = 1 with probability x, else 0
///
/// x: floats of 0 to 1, of any shape → y: x's shape, numbers or booleans of the type `dtype` (default: x's). The random
/// numbers are those of `RandomStream`, not those of NumPy or ONNX Runtime. Source: ONNX `Bernoulli`, versions 15, 22.
enum Bernoulli: Operator {
  static var since: Int { 15 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    let type = try call.type("dtype") ?? x.type
    guard type.isFloat || type.isInteger || type == .bool else {
      throw OperatorError("numbers or booleans", found: type.name, subject: "attribute 'dtype'")
    }
    let chances = try Casting.cast(call, x, to: .double).values(Double.self)
    let y = try RandomTensors.choices(call, x.shape) { place throws(OperatorError) in
      guard chances[place] >= 0, chances[place] <= 1 else {
        throw call.wrong(0, "probabilities of 0 to 1", found: "\(chances[place])")
      }
      return chances[place]
    }
    return [try Casting.cast(call, y, to: type)]
  }
}
