internal import CHDF5

extension HDF5ElementType {
  /// The library's datatype for this element type. Call inside `HDF5Library.sync`.
  func makeHandle() throws(HDF5Error) -> HDF5Handle {
    switch self {
    case .f64: try Self.copy(tessera_H5T_IEEE_F64LE())
    case .f32: try Self.copy(tessera_H5T_IEEE_F32LE())
    case .f16: try Self.smallFloat(exponentBits: 5, mantissaBits: 10, bias: 15)
    case .bf16: try Self.smallFloat(exponentBits: 8, mantissaBits: 7, bias: 127)
    case .i64: try Self.copy(tessera_H5T_STD_I64LE())
    case .i32: try Self.copy(tessera_H5T_STD_I32LE())
    case .i16: try Self.copy(tessera_H5T_STD_I16LE())
    case .i8: try Self.copy(tessera_H5T_STD_I8LE())
    case .u64: try Self.copy(tessera_H5T_STD_U64LE())
    case .u32: try Self.copy(tessera_H5T_STD_U32LE())
    case .u16: try Self.copy(tessera_H5T_STD_U16LE())
    case .u8: try Self.copy(tessera_H5T_STD_U8LE())
    case .complex(let part):
      try Self.compound([Member("r", part), Member("i", part)])
    case .boolean: try Self.boolean()
    case .opaque(let length): try Self.opaque(length: length)
    case .string(let length):
      try Self.string(length: length)
    case .array(let element, let extents):
      try Self.array(of: element, extents)
    case .compound(let members):
      try Self.compound(members)
    }
  }

  private static func copy(_ id: hid_t) throws(HDF5Error) -> HDF5Handle {
    try HDF5Handle(taking: H5Tcopy(id), from: "H5Tcopy", close: H5Tclose)
  }

  /// A 16-bit float: sign in bit 15, then exponent, then mantissa.
  private static func smallFloat(exponentBits: Int, mantissaBits: Int, bias: Int) throws(HDF5Error)
    -> HDF5Handle
  {
    let type = try copy(tessera_H5T_IEEE_F32LE())
    try type.withID { (id) throws(HDF5Error) in
      // The fields must fit into the size at every step, so they move down before the size is reduced.
      _ = try HDF5Library.check(
        H5Tset_fields(id, 15, mantissaBits, exponentBits, 0, mantissaBits), "H5Tset_fields")
      _ = try HDF5Library.check(H5Tset_size(id, 2), "H5Tset_size")
      _ = try HDF5Library.check(H5Tset_ebias(id, bias), "H5Tset_ebias")
    }
    return type
  }

  private static func boolean() throws(HDF5Error) -> HDF5Handle {
    let type = try HDF5Handle(
      taking: H5Tenum_create(tessera_H5T_STD_I8LE()), from: "H5Tenum_create", close: H5Tclose)
    for (name, value) in [("FALSE", Int8(0)), ("TRUE", 1)] {
      try type.call("H5Tenum_insert") { id in withUnsafePointer(to: value) { H5Tenum_insert(id, name, $0) } }
    }
    return type
  }

  private static func opaque(length: Int) throws(HDF5Error) -> HDF5Handle {
    let type = try HDF5Handle(taking: H5Tcreate(H5T_OPAQUE, length), from: "H5Tcreate", close: H5Tclose)
    try type.call("H5Tset_tag") { H5Tset_tag($0, "") }
    return type
  }

  private static func string(length: Int) throws(HDF5Error) -> HDF5Handle {
    let type = try copy(tessera_H5T_C_S1())
    try type.withID { (id) throws(HDF5Error) in
      _ = try HDF5Library.check(H5Tset_size(id, length), "H5Tset_size")
      _ = try HDF5Library.check(H5Tset_strpad(id, H5T_STR_NULLPAD), "H5Tset_strpad")
    }
    return type
  }

  /// The type of a variable-length UTF-8 string. Call inside `HDF5Library.sync`.
  static func variableText() throws(HDF5Error) -> HDF5Handle {
    let type = try copy(tessera_H5T_C_S1())
    // H5T_VARIABLE is the largest size_t.
    try type.call("H5Tset_size") { H5Tset_size($0, Int(bitPattern: UInt.max)) }
    try type.call("H5Tset_cset") { H5Tset_cset($0, H5T_CSET_UTF8) }
    return type
  }

  private static func array(of element: Self, _ extents: [Int]) throws(HDF5Error) -> HDF5Handle {
    let base = try element.makeHandle()
    let dimensions = extents.map { hsize_t($0) }
    let id = try base.withID { H5Tarray_create2($0, UInt32(dimensions.count), dimensions) }
    return try HDF5Handle(taking: id, from: "H5Tarray_create2", close: H5Tclose)
  }

  private static func compound(_ members: [Member]) throws(HDF5Error) -> HDF5Handle {
    let size = members.reduce(0) { $0 + $1.type.size }
    let type = try HDF5Handle(taking: H5Tcreate(H5T_COMPOUND, size), from: "H5Tcreate", close: H5Tclose)
    var offset = 0
    for member in members {
      let memberType = try member.type.makeHandle()
      try type.withID { (id) throws(HDF5Error) in
        try memberType.withID { (memberID) throws(HDF5Error) in
          _ = try HDF5Library.check(H5Tinsert(id, member.name, offset, memberID), "H5Tinsert")
        }
      }
      offset += member.type.size
    }
    return type
  }
}
