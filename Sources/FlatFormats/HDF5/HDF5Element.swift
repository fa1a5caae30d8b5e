internal import HDF5Kit
internal import Pickle
internal import Tensors

/// The elements of a dataset as those of a tensor.
struct HDF5Element: Equatable {
  let dtype: DType
  /// The extents of one element of an array type, which follow those of the dataset.
  var extents: [Int] = []
  /// The bytes of a big-endian number; 1 for little-endian numbers.
  var swapWidth = 1

  /// The reason why a type is no dtype.
  struct Unreadable: Error {
    /// A description of the elements.
    let words: String
  }

  /// - Parameters:
  ///   - name: the dataset's attribute `dtype`, in which Keras gives the dtype of opaque elements.
  ///   - assumed: the dtype of opaque elements without a name.
  init(_ type: HDF5Datatype, named name: String?, assumed: DType?) throws(Unreadable) {
    switch type.kind {
    case .integer, .float:
      guard let number = Self.number(type) else {
        throw Unreadable(words: "numbers of \(type.size) bytes in a form that no dtype has")
      }
      self = number
    case .enumeration(let base, let values):
      guard let number = Self.number(base) else {
        throw Unreadable(words: "an enumeration of \(type.size) bytes")
      }
      self = Self.isBool(base, values) ? HDF5Element(.bool) : number
    case .compound(let members):
      guard let complex = Self.complex(members, size: type.size) else {
        throw Unreadable(words: "compounds of \(members.count) members")
      }
      self = complex
    case .array(let dimensions, let element):
      let inner = try HDF5Element(element, named: name, assumed: assumed)
      self.init(
        inner.dtype, extents: dimensions + inner.extents, swapWidth: inner.swapWidth)
    case .opaque:
      guard let dtype = name.flatMap(Self.dtype(named:)) ?? assumed, dtype.bytes == type.size else {
        let size = "opaque elements of \(type.size) \(type.size == 1 ? "byte" : "bytes")"
        throw Unreadable(words: [1, 2].contains(type.size) ? size + " (--assume-dtype)" : size)
      }
      self.init(dtype)
    case .string: throw Unreadable(words: "text")
    case .refused(let words): throw Unreadable(words: words)
    }
  }

  init(_ dtype: DType, extents: [Int] = [], swapWidth: Int = 1) {
    self.dtype = dtype
    self.extents = extents
    self.swapWidth = swapWidth
  }

  private static let numbers: [(dtype: DType, little: HDF5Datatype, big: HDF5Datatype)] =
    [
      (DType.f64, 8, 11, 52, 1023), (.f32, 4, 8, 23, 127), (.f16, 2, 5, 10, 15), (.bf16, 2, 8, 7, 127),
      // HDF5 2.0 predefines these two.
      (.f8E4M3, 1, 4, 3, 7), (.f8E5M2, 1, 5, 2, 15),
    ].map { dtype, size, exponent, mantissa, bias in
      func type(_ order: HDF5Datatype.ByteOrder) -> HDF5Datatype {
        .float(size: size, exponentBits: exponent, mantissaBits: mantissa, bias: bias, order: order)
      }
      return (dtype, type(.little), type(.big))
    }
    + [
      (DType.i64, 8, true), (.i32, 4, true), (.i16, 2, true), (.i8, 1, true), (.u64, 8, false),
      (.u32, 4, false), (.u16, 2, false), (.u8, 1, false),
    ].map { dtype, size, signed in
      (
        dtype, .integer(size: size, signed: signed), .integer(size: size, signed: signed, order: .big)
      )
    }

  private static func number(_ type: HDF5Datatype) -> HDF5Element? {
    for (dtype, little, big) in numbers {
      if type == little { return HDF5Element(dtype) }
      if type == big { return HDF5Element(dtype, swapWidth: type.size) }
    }
    return nil
  }

  /// Whether an enumeration is the type in which h5py writes booleans.
  private static func isBool(_ base: HDF5Datatype, _ values: [HDF5Datatype.EnumerationValue]) -> Bool {
    base.size == 1 && values.count == 2 && values.contains { $0.name == "FALSE" && $0.bytes == [0] }
      && values.contains { $0.name == "TRUE" && $0.bytes == [1] }
  }

  /// A compound of `r` and `i`, as h5py writes complex numbers.
  private static func complex(_ members: [HDF5Datatype.Member], size: Int) -> HDF5Element? {
    guard members.count == 2, members[0].name == "r", members[1].name == "i",
      members[0].type == members[1].type, let part = number(members[0].type), members[0].offset == 0,
      members[1].offset == members[0].type.size, size == 2 * members[0].type.size
    else { return nil }
    switch part.dtype {
    case .f32: return HDF5Element(.c64, swapWidth: part.swapWidth)
    case .f64: return HDF5Element(.c128, swapWidth: part.swapWidth)
    default: return nil
    }
  }

  /// The dtype that Keras names in the attribute `dtype` of opaque elements.
  private static func dtype(named name: String) -> DType? {
    NumPyGlobals.mlDType(PickleGlobal("ml_dtypes", name))
  }
}
