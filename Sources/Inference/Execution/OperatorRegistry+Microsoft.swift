extension OperatorRegistry {
  /// The supported operators of `com.microsoft`, one on each line.
  static let microsoft: [any Operator.Type] = []
}
