internal import ONNXGraph

/// One operator of the ONNX specification.
///
/// An operator reads and checks its inputs and attributes, and makes its outputs. Arithmetic that several operators
/// share is in `Kernels`; products, convolutions, pooling and norms are in the backend.
protocol Operator: SendableMetatype {
  /// The operator's `op_type`.
  static var name: String { get }
  /// The first version of the operator set that this implementation supports.
  static var since: Int { get }
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor]
}

extension Operator {
  static var name: String { String(describing: Self.self) }
  static var since: Int { 1 }
}
