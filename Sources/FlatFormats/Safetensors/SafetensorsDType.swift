internal import Tensors

extension DType {
  /// The dtype's place in the reference's list, which ascends by alignment; the reference writes tensors in descending
  /// order of this place. nil for a dtype that safetensors does not have.
  var safetensorsRank: Int? {
    switch self {
    case .bool: 0
    case .f4: 1
    case .f6E2M3: 2
    case .f6E3M2: 3
    case .u8: 4
    case .i8: 5
    case .f8E5M2: 6
    case .f8E4M3: 7
    case .f8E8M0: 8
    case .f8E4M3FNUZ: 9
    case .f8E5M2FNUZ: 10
    case .i16: 11
    case .u16: 12
    case .f16: 13
    case .bf16: 14
    case .i32: 15
    case .u32: 16
    case .f32: 17
    case .c64: 18
    case .f64: 19
    case .i64: 20
    case .u64: 21
    case .c128, .i4, .u4, .i2, .u2: nil
    case .q40, .q41, .q50, .q51, .q80, .q81, .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq2XXS, .iq2XS,
      .iq3XXS, .iq1S, .iq4NL, .iq3S, .iq2S, .iq4XS, .iq1M, .tq10, .tq20, .mxfp4, .nvfp4, .q10:
      nil
    }
  }
}
