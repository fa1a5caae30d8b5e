internal import ONNXGraph
internal import Tensors

/// Real numbers r that are stored as q, where r ≈ (q − zero) · scale.
struct Quantisation {
  var scale: Tensor
  /// Zero points, with the type of q and the shape of the scales.
  var zero: Tensor?
  /// The zero point of every element if `zero` is nil.
  var centre = 0.0
  /// The axis along which scales differ; ignored if there is one scale.
  var axis = 0
  /// Neighbours along the axis with one scale; 0 without blocks.
  var block = 0

  init(scale: Tensor, zero: Tensor?, centre: Double = 0, axis: Int = 0, block: Int = 0) {
    self.scale = scale
    self.zero = zero
    self.centre = centre
    self.axis = axis
    self.block = block
  }

  /// r = (q − zero) · scale, computed in binary64 and rounded to `type`.
  func real(_ call: OperatorCall, _ q: Tensor, as type: ElementType) throws(OperatorError) -> Tensor {
    let table = try table(call, q.shape, precision: nil)
    let source = q.type.smallFloat == nil ? try Casting.numbers(q) : try Casting.cast(call, q, to: .float)
    let r = try call.make(type, q.shape)
    try source.type.visit(Dequantise(q: source, table: table, r: r))
    return r
  }

  /// The same numbers as elements that are read some at a time; nil if binary32 arithmetic could round twice.
  ///
  /// q − zero is exact for integers of at most eight bits. The product is rounded once if it becomes binary32, and is
  /// exact if a scale with few digits makes it F16 or BF16.
  func stored(_ call: OperatorCall, _ q: Tensor, as type: ElementType) throws(OperatorError) -> Tensor? {
    guard let elements = StoredElements(q), q.type.half == nil, q.type.smallFloat == nil || zero == nil,
      type == .float || type.half != nil && (scale.type == type || scale.type == .float8E8M0)
    else { return nil }
    return try Tensor(
      try scaled(call, elements, q.shape).rounded(to: type), type, q.shape, call.budget)
  }

  /// `elements` of this shape with the scales and zeros.
  func scaled(
    _ call: OperatorCall, _ elements: StoredElements, _ shape: [Int]
  ) throws(OperatorError) -> StoredElements {
    let table = try table(call, shape, precision: nil, as: .float)
    return elements.scaled(table.grid, scale: table.scales, zero: try table.allZeros(call))
  }

  /// q = saturate(round(r / scale) + zero), rounded to nearest, ties to even; NaN becomes the least integer.
  ///
  /// A floating-point q is r / scale + zero, rounded once.
  ///
  /// - Parameters:
  ///   - precision: the type to which r, scale and quotient are rounded; binary64 if it is no floating-point type.
  ///   - saturates: whether a small float that is too large becomes the greatest one.
  ///   - roundsLast: whether the zero point is added before rounding, as in some kernels of ONNX Runtime; with an odd
  ///     one, ties then go the other way.
  func quantised(
    _ call: OperatorCall, _ r: Tensor, as type: ElementType, precision: ElementType = .float,
    saturates: Bool = true, roundsLast: Bool = false
  ) throws(OperatorError) -> Tensor {
    let table = try table(call, r.shape, precision: precision)
    let source = r.type.isFloat ? r : try Casting.cast(call, r, to: .double)
    let q = try call.make(type, r.shape)
    let quantise = Quantise(
      r: source, table: table, q: q, precision: Rounding(precision), saturates: saturates,
      roundsLast: roundsLast)
    try source.type.visitFloats(quantise)
    return q
  }

  /// Scales and zero points in binary64, and where they belong.
  private func table(
    _ call: OperatorCall, _ shape: [Int], precision: ElementType?, as type: ElementType = .double
  ) throws(OperatorError) -> Table {
    let grid = try QuantisationGrid(call, shape, scales: scale.shape, axis: axis, block: block)
    if let zero, zero.shape != scale.shape, zero.count != 1 || scale.count != 1 {
      throw OperatorError("zero points of shape \(shapeText(scale.shape))", found: shapeText(zero.shape))
    }
    let rounded = try precision.map { type throws(OperatorError) in
      type.isFloat ? try Casting.cast(call, scale, to: type) : scale
    }
    return Table(
      grid: grid, scales: try Casting.cast(call, rounded ?? scale, to: type),
      zeros: try zero.map { zero throws(OperatorError) in try Casting.cast(call, zero, to: type) },
      centre: centre)
  }
}

private struct Table {
  let grid: QuantisationGrid
  let scales: Tensor
  let zeros: Tensor?
  let centre: Double

  /// The zeros, as many as scales; nil if all are 0.
  func allZeros(_ call: OperatorCall) throws(OperatorError) -> Tensor? {
    if zeros != nil || centre == 0 { return zeros }
    let tensor = try call.make(.float, scales.shape)
    tensor.values(Float.self).update(repeating: Float(centre))
    return tensor
  }
}

private struct Dequantise: ElementVisitor {
  let q: Tensor
  let table: Table
  let r: Tensor

  func visit<T: Element>(_: T.Type) throws(OperatorError) {
    try r.type.visitFloats(Write<T>(q: q, table: table, r: r))
  }

  private struct Write<From: Element>: FloatVisitor {
    let q: Tensor
    let table: Table
    let r: Tensor

    func visit<T: Element>(_: T.Type) where T.Wide == Double {
      let (from, to, scales) = (q.values(From.self), r.values(T.self), table.scales.values(Double.self))
      let zeros = table.zeros?.values(Double.self)
      table.grid.forEachRun { start, count, place, step in
        for index in 0..<count {
          let which = place + index * step
          let number = from[start + index].wide.asDouble - (zeros?[which] ?? table.centre)
          to[start + index] = T(narrowing: number * scales[which])
        }
      }
    }
  }
}

/// The type to which a quotient is rounded.
private enum Rounding {
  case binary64, binary32, binary16, bfloat16

  init(_ type: ElementType) {
    switch type {
    case .float: self = .binary32
    case .float16: self = .binary16
    case .bfloat16: self = .bfloat16
    default: self = .binary64
    }
  }

  @inline(__always) func callAsFunction(_ number: Double) -> Double {
    switch self {
    case .binary64: number
    case .binary32: Double(Float(number))
    case .binary16: Float16(narrowing: number).wide
    case .bfloat16: BFloat16(narrowing: number).wide
    }
  }
}

private struct Quantise: FloatVisitor {
  let r: Tensor
  let table: Table
  let q: Tensor
  let precision: Rounding
  let saturates: Bool
  let roundsLast: Bool

  func visit<T: Element>(_: T.Type) throws(OperatorError) where T.Wide == Double {
    if let small = q.type.smallFloat, small.layout.isSigned {
      return write(T.self, UInt8.self) { small.pattern(of: $0 + $1, saturates: saturates) }
    }
    switch q.type {
    case .int8: integers(T.self, Int8.self, -128, 127)
    case .uint8: integers(T.self, UInt8.self, 0, 255)
    case .int16: integers(T.self, Int16.self, -32768, 32767)
    case .uint16: integers(T.self, UInt16.self, 0, 65535)
    case .int4: integers(T.self, Int8.self, -8, 7)
    case .uint4: integers(T.self, UInt8.self, 0, 15)
    case .int2: integers(T.self, Int8.self, -2, 1)
    case .uint2: integers(T.self, UInt8.self, 0, 3)
    default: throw OperatorError("a quantised type", found: q.type.name)
    }
  }

  @inline(__always) private func integers<From: Element, To: FixedWidthInteger & BitwiseCopyable>(
    _: From.Type, _: To.Type, _ least: Double, _ greatest: Double
  ) where From.Wide == Double {
    write(From.self, To.self) { quotient, zero in
      let number =
        roundsLast
        ? (quotient + zero).rounded(.toNearestOrEven) : quotient.rounded(.toNearestOrEven) + zero
      // False for NaN.
      return number > least ? To(min(number, greatest)) : To(least)
    }
  }

  @inline(__always) private func write<From: Element, To: BitwiseCopyable>(
    _: From.Type, _: To.Type, _ stored: (_ quotient: Double, _ zero: Double) -> To
  ) where From.Wide == Double {
    let (from, to, scales) = (r.values(From.self), q.values(To.self), table.scales.values(Double.self))
    let zeros = table.zeros?.values(Double.self)
    table.grid.forEachRun { start, count, place, step in
      for index in 0..<count {
        let which = place + index * step
        let quotient = precision(precision(from[start + index].wide) / scales[which])
        to[start + index] = stored(quotient, zeros?[which] ?? table.centre)
      }
    }
  }
}
