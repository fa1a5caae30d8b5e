extension PickleMachine {
  mutating func pushNumber(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .none: try push(try single(.none, 0))
    case .newTrue: try push(try boolean(true))
    case .newFalse: try push(try boolean(false))
    case .binInt1: try push(integer: Int(try cursor.number(1)))
    case .binInt2: try push(integer: Int(try cursor.number(2)))
    case .binInt: try push(integer: Int(Int32(truncatingIfNeeded: try cursor.number(4))))
    case .long1: try push(bytes: try longBytes(try cursor.length(1)))
    case .long4: try push(bytes: try longBytes(try cursor.length(4)))
    case .int, .long: try pushDecimal(opcode)
    case .binFloat:
      let bits = try cursor.number(8).byteSwapped
      try push(real: Double(bitPattern: bits))
    default:
      let text = String(decoding: try cursor.line(limit: 400), as: UTF8.self)
      guard let number = Double(text) else {
        throw refusal(.argument, "a floating-point number", "another text")
      }
      try push(real: number)
    }
  }

  private mutating func single(_ kind: PickleTree.Kind, _ value: Int) throws(PickleError) -> PickleRef {
    if let known = singletons[kind] { return known }
    let ref = try make(.init(kind: kind, value: value))
    singletons[kind] = ref
    return ref
  }

  private mutating func boolean(_ value: Bool) throws(PickleError) -> PickleRef {
    try make(.init(kind: .boolean, value: value ? 1 : 0))
  }

  private mutating func push(integer: Int) throws(PickleError) {
    if let known = shared[integer] { return try push(known) }
    let ref = try make(.init(kind: .integer, value: integer))
    // Shapes and strides have the same few numbers many times.
    if shared.count < 4096 { shared[integer] = ref }
    try push(ref)
  }

  private mutating func push(real: Double) throws(PickleError) {
    try push(try make(.init(kind: .real, value: Int(Int64(bitPattern: real.bitPattern)))))
  }

  /// The most bytes of an integer; no real size needs more.
  private static let longLimit = 1024

  private mutating func longBytes(_ count: Int) throws(PickleError) -> [UInt8] {
    guard count <= Self.longLimit else {
      throw refusal(.limit, "an integer of at most \(Self.longLimit) bytes", "one of \(count)")
    }
    return try cursor.bytes(count)
  }

  /// An integer in two's complement, lowest byte first.
  private mutating func push(bytes: [UInt8]) throws(PickleError) {
    let isNegative = (bytes.last ?? 0) & 0x80 != 0
    let filler: UInt8 = isNegative ? 0xFF : 0
    if bytes.dropFirst(8).allSatisfy({ $0 == filler }) {
      var value: UInt64 = isNegative ? .max : 0
      for (place, byte) in bytes.prefix(8).enumerated() {
        value &= ~(UInt64(0xFF) << UInt64(8 * place))
        value |= UInt64(byte) << UInt64(8 * place)
      }
      // A ninth byte may only repeat the sign of the eighth.
      if bytes.count <= 8 || (value >> 63 == 1) == isNegative {
        return try push(integer: Int(Int64(bitPattern: value)))
      }
    }
    tree.bigs.append(bytes)
    try push(try make(.init(kind: .bigInteger, value: tree.bigs.count - 1)))
  }

  /// An integer of protocols 0 and 1: digits, followed by an L for LONG; 00 and 01 are False and True.
  private mutating func pushDecimal(_ opcode: PickleOpcode) throws(PickleError) {
    var text = String(decoding: try cursor.line(limit: 256), as: UTF8.self)
    if opcode == .int, text == "00" || text == "01" { return try push(try boolean(text == "01")) }
    if opcode == .long, text.hasSuffix("L") { text.removeLast() }
    if let value = Int(text) { return try push(integer: value) }
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw refusal(.argument, "a whole number", "another text")
    }
    var bytes: [UInt8] = []
    for digit in digits.utf8 {
      var carry = Int(digit - 0x30)
      for place in bytes.indices {
        carry += Int(bytes[place]) * 10
        bytes[place] = UInt8(truncatingIfNeeded: carry)
        carry >>= 8
      }
      if carry > 0 { bytes.append(UInt8(truncatingIfNeeded: carry)) }
    }
    if text.hasPrefix("-") {
      // No negative number of this size is needed, so it is stored as -1.
      tree.bigs.append([0xFF])
      return try push(try make(.init(kind: .bigInteger, value: tree.bigs.count - 1)))
    }
    try push(bytes: bytes + [0])
  }
}
