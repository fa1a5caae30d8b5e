internal import ONNXGraph

/// Casts elements of one type to another.
enum Casting {
  static func cast(_ call: OperatorCall, _ x: Tensor, to type: ElementType) throws(OperatorError) -> Tensor {
    if x.type == type { return x }
    if call.backend.vectorises, let y = try fast(call, x, to: type) { return y }
    let y = try call.make(type, x.shape)
    if type == .string {
      try Text(call: call, x: x, y: y).write()
    } else if x.type == .string {
      try Text(call: call, x: x, y: y).read()
    } else if type == .bool {
      try numbers(x).type.visit(ToBool(x: try numbers(x), y: y))
    } else if type.smallFloat != nil || x.type.smallFloat != nil {
      try SmallFloatCasting(call: call, x: x, y: y).run()
    } else {
      let from = try numbers(x)
      try from.type.visit(FromType(x: from, y: y))
    }
    return y
  }

  /// F16, BF16, and numbers of eight bits as F32, and F32 as F16 or BF16, with vectors; nil for other types.
  private static func fast(
    _ call: OperatorCall, _ x: Tensor, to type: ElementType
  ) throws(OperatorError) -> Tensor? {
    if type == .float, x.type.half != nil || x.type.width == 1 && x.type != .bool {
      return try Widening.floats(x, from: 0, x.shape, threads: call.backend.threads)
    }
    guard x.type == .float, type.half != nil else { return nil }
    let y = try call.make(type, x.shape)
    Widening.finish(x, y, threads: call.backend.threads)
    return y
  }

  /// Booleans and integers of fewer than eight bits, as the 8-bit integers in which they are stored.
  static func numbers(_ x: Tensor) throws(OperatorError) -> Tensor {
    switch x.type {
    case .bool, .uint4, .uint2: x.reinterpreted(as: .uint8)
    case .int4, .int2: x.reinterpreted(as: .int8)
    default: x
    }
  }

  private struct FromType: ElementVisitor {
    let x: Tensor
    let y: Tensor

    func visit<T: Element>(_: T.Type) throws(OperatorError) {
      let target = try numbers(y)
      try target.type.visit(ToType<T>(x: x, y: target, type: y.type))
    }
  }

  private struct ToType<From: Element>: ElementVisitor {
    let x: Tensor
    let y: Tensor
    let type: ElementType

    func visit<To: Element>(_: To.Type) {
      let (from, to) = (x.values(From.self), y.values(To.self))
      let limit = SmallIntegers.limits(type)
      for index in 0..<x.count {
        let value = from[index].wide
        if let same = value as? To.Wide, limit == nil {
          to[index] = To(narrowing: same)
        } else if let limit {
          to[index] = To(narrowing: To.Wide(clamping: SmallIntegers.wrapped(value.asDouble, limit)))
        } else if let number = value as? Int64, let unsigned = UInt64(bitPattern: number) as? To.Wide {
          // A negative number keeps its bits.
          to[index] = To(narrowing: unsigned)
        } else if let number = value as? UInt64, let signed = Int64(bitPattern: number) as? To.Wide {
          to[index] = To(narrowing: signed)
        } else {
          to[index] = To(narrowing: To.Wide(clamping: value.asDouble))
        }
      }
    }
  }

  private struct ToBool: ElementVisitor {
    let x: Tensor
    let y: Tensor

    func visit<T: Element>(_: T.Type) {
      let (from, to) = (x.values(T.self), y.values(UInt8.self))
      for index in 0..<x.count { to[index] = from[index].wide == .zero ? 0 : 1 }
    }
  }

  /// Casts to and from decimal text.
  private struct Text {
    let call: OperatorCall
    let x: Tensor
    let y: Tensor

    func write() throws(OperatorError) {
      let numbers = y.values(Int64.self)
      let strings = call.run.strings
      if x.type == .bool {
        for (place, value) in x.values(UInt8.self).prefix(x.count).enumerated() {
          numbers[place] = try strings.number(of: value == 0 ? "False" : "True")
        }
        return
      }
      let from = try Casting.numbers(x)
      try from.type.visit(Write(x: from, numbers: numbers, strings: strings))
    }

    func read() throws(OperatorError) {
      let strings = call.run.strings
      let from = x.values(Int64.self)
      for place in 0..<x.count {
        let text = strings.text(from[place])
        // Many elements can have one long text.
        try call.budget.spend(text.utf8.count)
        guard let number = Self.number(text) else {
          throw call.wrong(0, "decimal numbers", found: quoted(text))
        }
        let isWhole = !y.type.isFloat && y.type != .bool
        if isWhole, let exact = Int64(text) {
          try y.type.visit(Write1(y: y, place: place, number: number, exact: exact))
        } else {
          let target = y.type == .bool ? y.reinterpreted(as: .uint8) : y
          try target.type.visit(
            Write1(
              y: target, place: place, number: y.type == .bool ? (number == 0 ? 0 : 1) : number, exact: nil))
        }
      }
    }

    /// Reads a number as Python's `float` does.
    private static func number(_ text: String) -> Double? {
      switch text.lowercased() {
      case "nan", "+nan", "-nan": .nan
      case "inf", "+inf", "infinity", "+infinity": .infinity
      case "-inf", "-infinity": -.infinity
      default: Double(text)
      }
    }
  }

  private struct Write: ElementVisitor {
    let x: Tensor
    let numbers: Elements<Int64>
    let strings: StringPool

    func visit<T: Element>(_: T.Type) throws(OperatorError) {
      for (place, value) in x.values(T.self).prefix(x.count).enumerated() {
        var text =
          switch value {
          case let value as Float: "\(value)"
          case let value as Float16: "\(value)"
          default: "\(value.wide)"
          }
        // The specification's spelling of NaN and infinity.
        if value.wide.isNotANumber { text = "NaN" }
        if text == "inf" { text = "INF" } else if text == "-inf" { text = "-INF" }
        numbers[place] = try strings.number(of: text)
      }
    }
  }

  private struct Write1: ElementVisitor {
    let y: Tensor
    let place: Int
    let number: Double
    let exact: Int64?

    func visit<T: Element>(_: T.Type) {
      y.values(T.self)[place] = T(narrowing: (exact as? T.Wide) ?? T.Wide(clamping: number))
    }
  }
}

/// Integers of two or four bits.
enum SmallIntegers {
  /// The least and the greatest value; nil for types of whole bytes.
  static func limits(_ type: ElementType) -> ClosedRange<Int>? {
    switch type {
    case .uint4: 0...15
    case .int4: -8...7
    case .uint2: 0...3
    case .int2: -2...1
    default: nil
    }
  }

  /// The number rounded towards zero, then taken modulo the number of values, as for integers of whole bytes.
  static func wrapped(_ number: Double, _ limits: ClosedRange<Int>) -> Double {
    guard number.isFinite, number.magnitude < 1e15 else { return 0 }
    let span = limits.count
    let whole = Int(number.rounded(.towardZero))
    return Double(((whole - limits.lowerBound) % span + span) % span + limits.lowerBound)
  }
}
