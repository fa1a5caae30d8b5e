// Datatypes made of others: compound, enumeration, array.
extension HDF5Datatype {
  static func members(
    _ cursor: inout ByteCursor, version: Int, bits: UInt32, size: Int, depth: Int
  ) throws(HDF5Error) -> [Member] {
    let count = Int(bits & 0xFFFF)
    guard count > 0 else { throw cursor.malformed(expected: "a compound with members", found: "none") }
    var members: [Member] = []
    var names: Set<HDF5Name> = []
    for _ in 0..<count {
      let start = cursor
      let name = try memberName(&cursor, version: version)
      guard names.insert(name).inserted else {
        throw start.malformed(expected: "members of different names", found: "\(name.quoted) twice")
      }
      let offset = version >= 3 ? try cursor.int(byteWidth(size)) : try cursor.u32()
      let dimensions = version == 1 ? try oldDimensions(&cursor) : []
      var type = try HDF5Datatype(&cursor, depth: depth + 1)
      if !dimensions.isEmpty {
        type = try array(of: type, dimensions: dimensions, size: nil, at: start)
      }
      guard offset <= size, type.size <= size - offset else {
        throw start.malformed(
          expected: "member \(name.quoted) within \(size) bytes", found: "\(type.size) bytes at \(offset)")
      }
      members.append(Member(name: name, offset: offset, type: type))
    }
    return members
  }

  /// A name ends in NUL; before version 3 it is also padded to a multiple of eight bytes.
  private static func memberName(_ cursor: inout ByteCursor, version: Int) throws(HDF5Error) -> HDF5Name {
    let start = cursor.offset
    let name = HDF5Name(bytes: try cursor.terminated())
    if version < 3 { cursor.align8(from: start) }
    return name
  }

  /// Version 1 has the array's dimensions in the member: rank, reserved, permutation, reserved, four sizes.
  private static func oldDimensions(_ cursor: inout ByteCursor) throws(HDF5Error) -> [Int] {
    let start = cursor
    let rank = Int(try cursor.u8())
    guard rank <= 4 else { throw start.malformed(expected: "at most 4 dimensions", found: "\(rank)") }
    try cursor.skip(3 + 4 + 4)
    var sizes: [Int] = []
    for _ in 0..<4 { sizes.append(try cursor.u32()) }
    return Array(sizes.prefix(rank))
  }

  static func enumeration(
    _ cursor: inout ByteCursor, version: Int, bits: UInt32, size: Int, depth: Int
  ) throws(HDF5Error) -> Kind {
    let start = cursor
    let base = try HDF5Datatype(&cursor, depth: depth + 1)
    guard case .integer = base.kind, base.size == size else {
      throw start.malformed(
        expected: "an enumeration over an integer of \(size) bytes",
        found: base.size == size ? "a type that is not an integer" : "a type of \(base.size) bytes")
    }
    var names: [HDF5Name] = []
    for _ in 0..<Int(bits & 0xFFFF) { names.append(try memberName(&cursor, version: version)) }
    var values: [EnumerationValue] = []
    for name in names { values.append(EnumerationValue(name: name, bytes: try cursor.take(size))) }
    return .enumeration(base: base, values: values)
  }

  static func array(
    _ cursor: inout ByteCursor, version: Int, size: Int, depth: Int
  ) throws(HDF5Error) -> Kind {
    let start = cursor
    guard version >= 2 else { throw start.malformed(expected: "an array type of version 2 on", found: "1") }
    let rank = Int(try cursor.u8())
    guard (1...HDF5Dataspace.greatestRank).contains(rank) else {
      throw start.malformed(
        expected: "an array of 1 to \(HDF5Dataspace.greatestRank) dimensions", found: "\(rank)")
    }
    if version == 2 { try cursor.skip(3) }
    var dimensions: [Int] = []
    for _ in 0..<rank { dimensions.append(try cursor.u32()) }
    if version == 2 { try cursor.skip(4 * rank) }
    let element = try HDF5Datatype(&cursor, depth: depth + 1)
    return try array(of: element, dimensions: dimensions, size: size, at: start).kind
  }

  /// Makes the array type; throws if its elements do not fill its declared size exactly.
  private static func array(
    of element: HDF5Datatype, dimensions: [Int], size: Int?, at start: ByteCursor
  ) throws(HDF5Error) -> HDF5Datatype {
    var total = element.size
    for dimension in dimensions {
      let (next, overflow) = total.multipliedReportingOverflow(by: dimension)
      guard !overflow, dimension > 0 else {
        throw start.malformed(expected: "array dimensions above 0 that fit", found: "\(dimensions)")
      }
      total = next
    }
    if let size, size != total {
      throw start.malformed(expected: "an array of \(size) bytes", found: "\(dimensions) × \(element.size)")
    }
    return HDF5Datatype(size: total, kind: .array(dimensions: dimensions, element: element))
  }

  /// The bytes of each member's offset in version 3: as many as the compound's size requires.
  private static func byteWidth(_ size: Int) -> Int {
    max(1, (Int.bitWidth - size.leadingZeroBitCount + 7) / 8)
  }
}
