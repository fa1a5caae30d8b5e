internal import ONNXGraph

/// One operator of the ONNX specification.
///
/// An operator reads its inputs and attributes, checks them, and says what its outputs are; arithmetic that several
/// operators share is in `Kernels`, the heavy part in the backend.
protocol Operator: SendableMetatype {
  /// `op_type`.
  static var name: String { get }
  /// The first version of the operator set whose meaning is built here.
  static var since: Int { get }
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor]
}

extension Operator {
  static var name: String { String(describing: Self.self) }
  static var since: Int { 1 }
}
