internal import Tensors

/// The dtypes of TensorFlow by their numbers (`tensorflow/core/framework/types.proto`).
enum TensorFlowDType {
  static let text = 7

  /// nil for numbers of quantised types, for types of four bits, which take a byte each, and for types without elements.
  static func dtype(_ number: Int) -> DType? { table[number] }

  /// The type, as the end of a sentence.
  static func words(_ number: Int) -> String {
    names[number] ?? "elements of type \(number)"
  }

  private static let table: [Int: DType] = [
    1: .f32, 2: .f64, 3: .i32, 4: .u8, 5: .i16, 6: .i8, 8: .c64, 9: .i64, 10: .bool, 14: .bf16, 17: .u16,
    18: .c128, 19: .f16, 22: .u32, 23: .u64, 24: .f8E5M2, 25: .f8E4M3, 26: .f8E4M3FNUZ, 28: .f8E5M2FNUZ,
  ]

  private static let names: [Int: String] = [
    7: "texts", 11: "elements of type qint8", 12: "elements of type quint8", 13: "elements of type qint32",
    15: "elements of type qint16", 16: "elements of type quint16", 20: "a resource", 21: "variants",
    27: "elements of type float8_e4m3b11fnuz", 29: "elements of type int4", 30: "elements of type uint4",
    31: "elements of type int2", 32: "elements of type uint2", 33: "elements of type float4_e2m1fn",
  ]
}
