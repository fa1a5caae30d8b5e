/// The type of the elements of a dataset or attribute.
///
/// Types with the same meaning are equal: the version of the encoding, the byte order of single bytes and the filling
/// of unused bits do not matter.
package struct HDF5Datatype: Hashable, Sendable {
  /// Bytes of one element.
  package let size: Int
  package let kind: Kind

  package indirect enum Kind: Hashable, Sendable {
    case integer(IntegerFormat)
    case float(FloatFormat)
    case string(StringFormat)
    case opaque(tag: [UInt8])
    case compound([Member])
    case array(dimensions: [Int], element: HDF5Datatype)
    case enumeration(base: HDF5Datatype, values: [EnumerationValue])
    /// A recognised class whose bytes are not returned: "variable-length string", "reference", …
    case refused(String)
  }

  package enum ByteOrder: Hashable, Sendable { case little, big, vax }

  package struct IntegerFormat: Hashable, Sendable {
    package let order: ByteOrder
    package let isSigned: Bool
    /// The first significant bit, counted from the lowest, and the number of significant bits.
    package let bitOffset: Int
    package let precision: Int
  }

  package struct FloatFormat: Hashable, Sendable {
    package enum Normalization: UInt8, Hashable, Sendable {
      /// The leading bit of the mantissa: not normalised; always set and stored; implied and not stored (IEEE).
      case none, stored, implied
    }

    package let order: ByteOrder
    package let bitOffset: Int
    package let precision: Int
    package let signLocation: Int
    package let exponentLocation: Int
    package let exponentSize: Int
    package let exponentBias: Int
    package let mantissaLocation: Int
    package let mantissaSize: Int
    package let normalization: Normalization
  }

  package struct StringFormat: Hashable, Sendable {
    package enum Padding: UInt8, Hashable, Sendable { case nullTerminated, nullPadded, spacePadded }
    package enum CharacterSet: UInt8, Hashable, Sendable { case ascii, utf8 }

    package let padding: Padding
    package let characterSet: CharacterSet

    /// The text in the bytes of an element.
    func unpadded(_ bytes: [UInt8]) -> [UInt8] {
      if padding == .nullTerminated { return Array(bytes.prefix { $0 != 0 }) }
      let filler: UInt8 = padding == .nullPadded ? 0 : UInt8(ascii: " ")
      guard let last = bytes.lastIndex(where: { $0 != filler }) else { return [] }
      return Array(bytes[...last])
    }
  }

  package struct Member: Hashable, Sendable {
    package let name: HDF5Name
    /// Bytes from the start of the element.
    package let offset: Int
    package let type: HDF5Datatype
  }

  package struct EnumerationValue: Hashable, Sendable {
    package let name: HDF5Name
    /// The value's bytes in the base type.
    package let bytes: [UInt8]
  }

  /// The member of that name in a compound type; nil if there is none, or for another class.
  package func member(_ name: HDF5Name) -> Member? {
    guard case .compound(let members) = kind else { return nil }
    return members.first { $0.name == name }
  }

  /// The first class in this type whose bytes refer to a part of the file that is not read.
  package var refusedClass: String? {
    switch kind {
    case .integer, .float, .string, .opaque: nil
    case .compound(let members): members.lazy.compactMap(\.type.refusedClass).first
    case .array(_, let element): element.refusedClass
    case .enumeration(let base, _): base.refusedClass
    case .refused(let name): name
    }
  }
}

extension HDF5Datatype {
  /// The class of variable-length strings in messages.
  static let variableText = "a variable-length string"

  /// An integer that uses all bits of its `size` bytes.
  package static func integer(size: Int, signed: Bool, order: ByteOrder = .little) -> Self {
    .init(
      size: size,
      kind: .integer(
        .init(order: size == 1 ? .little : order, isSigned: signed, bitOffset: 0, precision: 8 * size)))
  }

  /// A float with sign, exponent and mantissa from the top bit down, and an implied leading bit.
  package static func float(
    size: Int, exponentBits: Int, mantissaBits: Int, bias: Int, order: ByteOrder = .little
  ) -> Self {
    .init(
      size: size,
      kind: .float(
        .init(
          order: size == 1 ? .little : order, bitOffset: 0, precision: 8 * size,
          signLocation: exponentBits + mantissaBits, exponentLocation: mantissaBits,
          exponentSize: exponentBits, exponentBias: bias, mantissaLocation: 0, mantissaSize: mantissaBits,
          normalization: .implied)))
  }

  /// IEEE binary16, 32 and 64, and bfloat16 as h5py and this project write it, all little-endian.
  package static let float16 = float(size: 2, exponentBits: 5, mantissaBits: 10, bias: 15)
  package static let float32 = float(size: 4, exponentBits: 8, mantissaBits: 23, bias: 127)
  package static let float64 = float(size: 8, exponentBits: 11, mantissaBits: 52, bias: 1023)
  package static let bfloat16 = float(size: 2, exponentBits: 8, mantissaBits: 7, bias: 127)
}
