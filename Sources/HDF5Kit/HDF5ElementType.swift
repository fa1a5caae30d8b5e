/// The element types of the datasets that are written, all little-endian.
package indirect enum HDF5ElementType: Hashable, Sendable {
  case f64, f32
  /// IEEE binary16; h5py reads it as float16.
  case f16
  /// The upper half of a binary32: a custom float (sign bit 15, exponent bits 7–14, bias 127), which every HDF5 program
  /// converts correctly.
  case bf16
  case i64, i32, i16, i8, u64, u32, u16, u8
  /// A compound of `r` and `i`, as h5py writes complex numbers.
  case complex(HDF5ElementType)
  /// An enumeration of FALSE and TRUE, as h5py writes booleans.
  case boolean
  /// Bytes without a meaning, as h5py writes dtypes that HDF5 lacks.
  case opaque(length: Int)
  /// ASCII, padded with NUL, `length` bytes.
  case string(length: Int)
  case array(HDF5ElementType, [Int])
  /// Members in this order, without padding between them.
  case compound([Member])

  /// One member of a compound.
  package struct Member: Hashable, Sendable {
    package let name: String
    package let type: HDF5ElementType
    package init(_ name: String, _ type: HDF5ElementType) {
      self.name = name
      self.type = type
    }
  }

  /// Bytes of one element.
  package var size: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .boolean: 1
    case .complex(let part): 2 * part.size
    case .string(let length), .opaque(let length): length
    case .array(let element, let extents): extents.reduce(element.size, *)
    case .compound(let members): members.reduce(0) { $0 + $1.type.size }
    }
  }
}
