internal import ONNXGraph

/// y = the bits of x as elements of type `to`
///
/// x: any type but text → y: x's shape. Both types have the same number of bits. Source: ONNX `BitCast`, version 26.
enum BitCast: Operator {
  static var since: Int { 26 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let type = try call.type("to") else { throw call.wrongAttribute("to", "a data type") }
    guard let bits = x.type.bits else { throw call.wrong(0, "another type than text", found: x.type.name) }
    guard type.bits == bits else {
      throw OperatorError(
        "a type of \(bits) bits for \(x.type.name)", found: type.name, subject: "attribute 'to'")
    }
    guard bits < 8 else { return [x.reinterpreted(as: type)] }
    let y = try call.make(type, x.shape)
    let (from, to) = (x.values(UInt8.self), y.values(UInt8.self))
    // An element of fewer than eight bits takes a byte, in which signed integers repeat their sign.
    let isSigned = type == .int4 || type == .int2
    let spare = UInt8(8 - bits)
    for index in 0..<x.count {
      let high = from[index] << spare
      to[index] = isSigned ? UInt8(bitPattern: Int8(bitPattern: high) >> Int8(spare)) : high >> spare
    }
    return [y]
  }
}
