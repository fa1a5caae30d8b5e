extension HDF5Datatype {
  /// Reads a datatype message, or the committed datatype that it refers to, elsewhere in the file.
  init(_ message: HeaderMessage) throws(HDF5Error) {
    guard message.isShared else {
      var body = message.body
      try self.init(&body, depth: 0)
      return
    }
    let header = try ObjectHeader(message.body.context, at: message.sharedAddress())
    // A committed datatype cannot itself be shared, so there is only one step.
    guard let committed = try header.only(.datatype), !committed.isShared else {
      throw message.body.malformed(expected: "a committed datatype", found: "an object without one")
    }
    var body = committed.body
    try self.init(&body, depth: 0)
  }

  /// Reads one encoded type and moves the cursor past it.
  init(_ cursor: inout ByteCursor, depth: Int) throws(HDF5Error) {
    let start = cursor
    guard depth <= cursor.context.limits.datatypeDepth else {
      throw cursor.context.limit(
        "\(cursor.context.limits.datatypeDepth) nested datatypes", found: "more", in: "datatype",
        at: cursor.offset)
    }
    let first = try cursor.u8()
    let version = Int(first >> 4)
    let bits = UInt32(try cursor.unsigned(3))
    size = try cursor.u32()
    guard (1...5).contains(version) else { throw start.unsupported("datatype version \(version)") }
    guard size > 0 else { throw start.malformed(expected: "elements of at least one byte", found: "0 bytes") }
    switch first & 0x0F {
    case 0: kind = .integer(try Self.integer(&cursor, bits: bits, size: size))
    case 1: kind = .float(try Self.float(&cursor, bits: bits, size: size))
    case 2:
      try cursor.skip(2)
      kind = .refused("a time")
    case 3: kind = .string(try Self.string(start, bits: bits))
    case 4:
      _ = try Self.bitRange(&cursor, size: size)
      kind = .refused("a bitfield")
    case 5: kind = .opaque(tag: try Self.tag(&cursor, bits: bits))
    case 6:
      kind = .compound(try Self.members(&cursor, version: version, bits: bits, size: size, depth: depth))
    case 7: kind = .refused("a reference")
    case 8: kind = try Self.enumeration(&cursor, version: version, bits: bits, size: size, depth: depth)
    case 9:
      _ = try Self(&cursor, depth: depth + 1)
      kind = .refused(bits & 0x0F == 1 ? Self.variableText : "a variable-length sequence")
    case 10: kind = try Self.array(&cursor, version: version, size: size, depth: depth)
    case 11:
      _ = try Self(&cursor, depth: depth + 1)
      kind = .refused("a complex number (HDF5 2.0)")
    case let other: throw start.unsupported("datatype class \(other)")
    }
  }

  private static func order(_ bits: UInt32, size: Int, isFloat: Bool) -> ByteOrder {
    if size == 1 { return .little }
    if isFloat, bits & 0x41 == 0x41 { return .vax }
    return bits & 1 == 0 ? .little : .big
  }

  private static func bitRange(
    _ cursor: inout ByteCursor, size: Int
  ) throws(HDF5Error) -> (offset: Int, precision: Int) {
    let start = cursor
    let offset = try cursor.u16()
    let precision = try cursor.u16()
    // Both are below 2^16 and the size is below 2^32, so nothing overflows.
    guard precision > 0, offset + precision <= 8 * size else {
      throw start.malformed(
        expected: "bits within \(size) bytes", found: "\(precision) bits from bit \(offset)")
    }
    return (offset, precision)
  }

  private static func integer(
    _ cursor: inout ByteCursor, bits: UInt32, size: Int
  ) throws(HDF5Error) -> IntegerFormat {
    let range = try bitRange(&cursor, size: size)
    return IntegerFormat(
      order: order(bits, size: size, isFloat: false), isSigned: bits & 8 != 0, bitOffset: range.offset,
      precision: range.precision)
  }

  private static func float(
    _ cursor: inout ByteCursor, bits: UInt32, size: Int
  ) throws(HDF5Error) -> FloatFormat {
    let start = cursor
    let range = try bitRange(&cursor, size: size)
    let exponentLocation = Int(try cursor.u8())
    let exponentSize = Int(try cursor.u8())
    let mantissaLocation = Int(try cursor.u8())
    let mantissaSize = Int(try cursor.u8())
    let bias = try cursor.u32()
    let sign = Int(bits >> 8 & 0xFF)
    guard exponentSize > 0, mantissaSize > 0, sign < range.precision,
      exponentLocation + exponentSize <= range.precision, mantissaLocation + mantissaSize <= range.precision,
      let normalization = FloatFormat.Normalization(rawValue: UInt8(bits >> 4 & 3))
    else {
      throw start.malformed(
        expected: "sign, exponent and mantissa within \(range.precision) bits",
        found: "sign \(sign), exponent \(exponentLocation)+\(exponentSize), "
          + "mantissa \(mantissaLocation)+\(mantissaSize)")
    }
    return FloatFormat(
      order: order(bits, size: size, isFloat: true), bitOffset: range.offset, precision: range.precision,
      signLocation: sign, exponentLocation: exponentLocation, exponentSize: exponentSize, exponentBias: bias,
      mantissaLocation: mantissaLocation, mantissaSize: mantissaSize, normalization: normalization)
  }

  private static func string(_ start: ByteCursor, bits: UInt32) throws(HDF5Error) -> StringFormat {
    guard let padding = StringFormat.Padding(rawValue: UInt8(bits & 0x0F)),
      let characters = StringFormat.CharacterSet(rawValue: UInt8(bits >> 4 & 0x0F))
    else {
      throw start.malformed(
        expected: "a known string padding and character set", found: "\(bits & 0x0F) and \(bits >> 4 & 0x0F)")
    }
    return StringFormat(padding: padding, characterSet: characters)
  }

  /// The tag without the NULs that fill its field to a multiple of eight bytes.
  private static func tag(_ cursor: inout ByteCursor, bits: UInt32) throws(HDF5Error) -> [UInt8] {
    let field = try cursor.take(Int(bits & 0xFF))
    return Array(field.prefix { $0 != 0 })
  }
}
