internal import ONNXGraph

/// Arithmetic that only integers have.
protocol IntegerArithmetic {}

extension IntegerArithmetic {
  /// Never called, because the operators refuse other inputs than integers.
  static func floats(_ x: Double) -> Double { .nan }
  /// Never called, because the operators refuse other inputs than integers.
  static func floats(_ a: Double, _ b: Double) -> Double { .nan }
}

/// `BitwiseAnd`, `BitwiseOr`, `BitwiseXor`: two inputs of integers with broadcasting.
protocol BitwiseOperator: Operator, IntegerArithmetic, BinaryArithmetic {}

extension BitwiseOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    [try Elementwise.binary(Self.self, call, try call.integerInput(0), try call.input(1))]
  }
}

extension OperatorCall {
  /// An input with elements of a signed or unsigned integer type of 8 to 64 bits.
  func integerInput(_ index: Int) throws(OperatorError) -> Tensor {
    let tensor = try input(index)
    guard tensor.type.isInteger else { throw wrong(index, "integers", found: tensor.type.name) }
    return tensor
  }
}

extension ElementType {
  /// Whether elements are integers of 8 to 64 bits.
  var isInteger: Bool { integerLimits != nil || self == .int64 || self == .uint64 }
}
