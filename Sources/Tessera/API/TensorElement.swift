/// A Swift type that can hold the elements of a dtype.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The names of the dtypes whose elements it can hold; its own dtype comes first.
  static var dtypes: [String] { get }
}

extension Float: TensorElement { public static var dtypes: [String] { ["F32"] } }
extension Double: TensorElement { public static var dtypes: [String] { ["F64"] } }
extension Float16: TensorElement { public static var dtypes: [String] { ["F16"] } }
extension Int8: TensorElement { public static var dtypes: [String] { ["I8"] } }
extension Int16: TensorElement { public static var dtypes: [String] { ["I16"] } }
extension Int32: TensorElement { public static var dtypes: [String] { ["I32"] } }
extension Int64: TensorElement { public static var dtypes: [String] { ["I64"] } }
extension UInt8: TensorElement {
  /// Besides its own dtype: the raw bytes of BOOL and of the 8-bit floats.
  public static var dtypes: [String] {
    ["U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"]
  }
}
extension UInt16: TensorElement {
  /// Besides its own dtype: the bit patterns of BF16.
  public static var dtypes: [String] { ["U16", "BF16"] }
}
extension UInt32: TensorElement { public static var dtypes: [String] { ["U32"] } }
extension UInt64: TensorElement { public static var dtypes: [String] { ["U64"] } }
