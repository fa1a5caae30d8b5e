extension HDF5ElementType {
  /// The datatype that our own reader finds for this type; datatypes of the same meaning are equal.
  package var datatype: HDF5Datatype {
    switch self {
    case .f64: .float64
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .i64, .i32, .i16, .i8: .integer(size: size, signed: true)
    case .u64, .u32, .u16, .u8: .integer(size: size, signed: false)
    case .complex(let part): Self.compound([Member("r", part), Member("i", part)]).datatype
    case .boolean:
      HDF5Datatype(
        size: 1,
        kind: .enumeration(
          base: .integer(size: 1, signed: true),
          values: [.init(name: "FALSE", bytes: [0]), .init(name: "TRUE", bytes: [1])]))
    case .opaque(let length): HDF5Datatype(size: length, kind: .opaque(tag: []))
    case .string(let length):
      HDF5Datatype(size: length, kind: .string(.init(padding: .nullPadded, characterSet: .ascii)))
    case .array(let element, let extents):
      HDF5Datatype(size: size, kind: .array(dimensions: extents, element: element.datatype))
    case .compound(let members):
      HDF5Datatype(size: size, kind: .compound(Self.datatypes(of: members)))
    }
  }

  private static func datatypes(of members: [Member]) -> [HDF5Datatype.Member] {
    var offset = 0
    return members.map { member in
      defer { offset += member.type.size }
      return HDF5Datatype.Member(name: HDF5Name(member.name), offset: offset, type: member.type.datatype)
    }
  }
}
