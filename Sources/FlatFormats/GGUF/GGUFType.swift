internal import Tensors

/// The element types of GGUF: ggml's number of each dtype (`enum ggml_type`). Numbers that are missing were removed from
/// ggml; U8 and the like have none.
enum GGUFType {
  private static let table: [(number: UInt32, dtype: DType)] = [
    (0, .f32), (1, .f16), (2, .q40), (3, .q41), (6, .q50), (7, .q51), (8, .q80), (9, .q81), (10, .q2K),
    (11, .q3K), (12, .q4K), (13, .q5K), (14, .q6K), (15, .q8K), (16, .iq2XXS), (17, .iq2XS), (18, .iq3XXS),
    (19, .iq1S), (20, .iq4NL), (21, .iq3S), (22, .iq2S), (23, .iq4XS), (24, .i8), (25, .i16), (26, .i32),
    (27, .i64), (28, .f64), (29, .iq1M), (30, .bf16), (34, .tq10), (35, .tq20), (39, .mxfp4), (40, .nvfp4),
    (41, .q10),
  ]

  static func dtype(_ number: UInt32) -> DType? { table.first { $0.number == number }?.dtype }

  /// The number of `dtype`; nil for a dtype that GGUF does not have.
  static func number(of dtype: DType) -> UInt32? { table.first { $0.dtype == dtype }?.number }

  /// Numbers of types that older programs wrote, and that ggml no longer reads: Q4_2 and Q4_3, and types that repeat
  /// another one in a different order of rows.
  static let removed: Set<UInt32> = [4, 5, 31, 32, 33, 36, 37, 38]
}
