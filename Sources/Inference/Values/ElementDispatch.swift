internal import ONNXGraph

/// Work for one element type, which is chosen at run time.
protocol ElementVisitor {
  associatedtype Result
  func visit<T: Element>(_: T.Type) throws(OperatorError) -> Result
}

extension ElementType {
  /// Calls `visitor` with the Swift type of these elements; refuses text, booleans and types without arithmetic.
  ///
  /// This is a switch and not an existential, so the compiler makes a specialised loop for each type.
  func visit<V: ElementVisitor>(_ visitor: V) throws(OperatorError) -> V.Result {
    switch self {
    case .float: try visitor.visit(Float.self)
    case .double: try visitor.visit(Double.self)
    case .float16: try visitor.visit(Float16.self)
    case .bfloat16: try visitor.visit(BFloat16.self)
    case .int8: try visitor.visit(Int8.self)
    case .int16: try visitor.visit(Int16.self)
    case .int32: try visitor.visit(Int32.self)
    case .int64: try visitor.visit(Int64.self)
    case .uint8: try visitor.visit(UInt8.self)
    case .uint16: try visitor.visit(UInt16.self)
    case .uint32: try visitor.visit(UInt32.self)
    case .uint64: try visitor.visit(UInt64.self)
    default: throw OperatorError("elements with arithmetic", found: name)
    }
  }

  /// Calls `visitor` with the Swift type of these elements; refuses any type but floating point.
  func visitFloats<V: FloatVisitor>(_ visitor: V) throws(OperatorError) -> V.Result {
    switch self {
    case .float: try visitor.visit(Float.self)
    case .double: try visitor.visit(Double.self)
    case .float16: try visitor.visit(Float16.self)
    case .bfloat16: try visitor.visit(BFloat16.self)
    default: throw OperatorError("floating-point elements", found: name)
    }
  }

  var isFloat: Bool {
    switch self {
    case .float, .double, .float16, .bfloat16: true
    default: false
    }
  }
}

/// Work for one type of floating-point elements.
protocol FloatVisitor {
  associatedtype Result
  func visit<T: Element>(_: T.Type) throws(OperatorError) -> Result where T.Wide == Double
}
