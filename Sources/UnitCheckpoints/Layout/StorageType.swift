internal import HDF5Kit
internal import Tensors

extension DType {
  /// The HDF5 type of this dtype's elements, and whether a `dtype` attribute must name the dtype.
  ///
  /// Half and bfloat16 are custom floats, which every reader shows as numbers. Eight-bit floats and packed types are
  /// raw bytes: HDF5 has no float without infinities, and would return the 448 of an E4M3 as NaN. BOOL is raw bytes
  /// too, because its bytes need not be 0 or 1.
  var storage: (type: HDF5ElementType, needsAttribute: Bool) {
    switch self {
    case .f64: (.f64, false)
    case .f32: (.f32, false)
    case .f16: (.f16, false)
    case .bf16: (.bf16, false)
    case .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f6E2M3, .f6E3M2, .f4: (.u8, true)
    case .i4, .u4, .i2, .u2, .bool: (.u8, true)
    // Raw bytes of whole blocks.
    case .q40, .q41, .q50, .q51, .q80, .q81, .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq2XXS, .iq2XS,
      .iq3XXS, .iq1S, .iq4NL, .iq3S, .iq2S, .iq4XS, .iq1M, .tq10, .tq20, .mxfp4, .nvfp4, .q10:
      (.u8, true)
    case .i64: (.i64, false)
    case .i32: (.i32, false)
    case .i16: (.i16, false)
    case .i8: (.i8, false)
    case .u64: (.u64, false)
    case .u32: (.u32, false)
    case .u16: (.u16, false)
    case .u8: (.u8, false)
    case .c64: (.complex(.f32), false)
    case .c128: (.complex(.f64), false)
    }
  }
}

extension TensorSpec {
  /// The extents of a whole tensor's dataset. These are the tensor's shape; or one dimension of elements if the shape
  /// has more than HDF5's 32 dimensions; or one dimension of bytes if elements share bytes.
  var wholeDatasetShape: [Int] {
    if dtype.bytes == nil { return [byteCount] }
    return shape.count <= 32 ? shape : [elementCount]
  }
}
