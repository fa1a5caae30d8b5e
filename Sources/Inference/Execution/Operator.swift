internal import ONNXGraph

/// One operator of the ONNX specification.
///
/// An operator reads and checks its inputs and attributes, and makes its outputs. Arithmetic that several operators
/// share is in `Kernels`; products, convolutions, pooling and norms are in the backend.
protocol Operator: SendableMetatype {
  /// The operator's `op_type`.
  static var name: String { get }
  /// The operator's domain; empty for ONNX's own.
  static var domain: String { get }
  /// The first version of the domain's operator set that this implementation supports.
  static var since: Int { get }
  /// The inputs that may be tensors whose elements are stored in another form (`Tensor.stored`).
  static var storedInputs: ClosedRange<Int>? { get }
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor]
}

/// An operator whose inputs or outputs need not be tensors.
protocol ValueOperator: Operator {
  /// The outputs; `OperatorCall.value` gives the inputs.
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value]
}

extension ValueOperator {
  /// The outputs for a caller that has only tensors.
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var tensors: [Tensor] = []
    for value in try values(call) {
      guard case .tensor(let tensor) = value else { throw OperatorError("a tensor", found: value.words) }
      tensors.append(tensor)
    }
    return tensors
  }
}

extension Operator {
  static var name: String { String(describing: Self.self) }
  static var domain: String { "" }
  static var since: Int { 1 }
  static var storedInputs: ClosedRange<Int>? { nil }
}

/// An operator of `ai.onnx.ml`.
protocol MachineLearningOperator: Operator {}

extension MachineLearningOperator {
  static var domain: String { "ai.onnx.ml" }
}

/// An operator of ONNX Runtime's own domain, `com.microsoft`, whose only version is 1.
protocol MicrosoftOperator: Operator {}

extension MicrosoftOperator {
  static var domain: String { "com.microsoft" }
}
