internal import Tensors

/// A NumPy dtype string such as `<f4`, if a tensor can have that dtype.
struct NpyDType: Equatable {
  let dtype: DType
  /// The number of bytes to reverse together: a number, or half of a complex element; 1 if nothing is reversed.
  let swapWidth: Int

  /// The reason why a dtype string is refused.
  struct Refusal: Error {
    let rule: FlatFormatRule
    let expected: String
    let found: String
  }

  /// Parses `text`; `assumed` is the dtype of elements whose dtype string gives only their width.
  ///
  /// `=`, `|` and a missing byte order mean the machine's order; every supported machine is little-endian.
  static func parse(_ text: String, assumed: DType?) throws(Refusal) -> NpyDType {
    var rest = Array(text.utf8)[...]
    var isBig = false
    if let order = rest.first, "<>=|".utf8.contains(order) {
      isBig = order == UInt8(ascii: ">")
      rest = rest.dropFirst()
    }
    let shown = TensorName(text).quoted
    guard let letter = rest.popFirst() else {
      throw Refusal(rule: .npyDType, expected: "a dtype", found: shown)
    }
    if letter == UInt8(ascii: "O") {
      throw Refusal(
        rule: .npyObject, expected: "numbers", found: "\(shown), Python objects in a pickle, which is not run"
      )
    }
    guard rest.count <= 4, let width = Int(String(decoding: rest, as: UTF8.self)), width > 0 else {
      throw Refusal(rule: .npyDType, expected: "a dtype of numbers", found: shown)
    }
    let dtype = try known(letter, width, shown, assumed)
    let part = dtype.kind == .complex ? width / 2 : width
    return NpyDType(dtype: dtype, swapWidth: isBig ? part : 1)
  }

  private static func known(
    _ letter: UInt8, _ width: Int, _ shown: String, _ assumed: DType?
  ) throws(Refusal) -> DType {
    switch (letter, width) {
    case (UInt8(ascii: "f"), 2): return .f16
    case (UInt8(ascii: "f"), 4): return .f32
    case (UInt8(ascii: "f"), 8): return .f64
    case (UInt8(ascii: "i"), 1): return .i8
    case (UInt8(ascii: "i"), 2): return .i16
    case (UInt8(ascii: "i"), 4): return .i32
    case (UInt8(ascii: "i"), 8): return .i64
    case (UInt8(ascii: "u"), 1): return .u8
    case (UInt8(ascii: "u"), 2): return .u16
    case (UInt8(ascii: "u"), 4): return .u32
    case (UInt8(ascii: "u"), 8): return .u64
    case (UInt8(ascii: "b"), 1): return .bool
    case (UInt8(ascii: "c"), 8): return .c64
    case (UInt8(ascii: "c"), 16): return .c128
    case (UInt8(ascii: "f"), 10...16), (UInt8(ascii: "c"), 20...32):
      throw Refusal(
        rule: .npyLongDouble, expected: "floats of at most 64 bits",
        found: "\(shown), long double, whose bits differ between machines")
    case (UInt8(ascii: "V"), _): return try opaque(width, shown, assumed)
    default:
      let words: [UInt8: String] = [
        UInt8(ascii: "U"): ", text", UInt8(ascii: "S"): ", text", UInt8(ascii: "a"): ", text",
        UInt8(ascii: "M"): ", dates", UInt8(ascii: "m"): ", spans of time",
      ]
      throw Refusal(rule: .npyDType, expected: "a dtype of numbers", found: shown + (words[letter] ?? ""))
    }
  }

  /// NumPy writes BF16 and FP8 arrays as `V2` and `V1`: only the width remains of the dtype.
  private static func opaque(_ width: Int, _ shown: String, _ assumed: DType?) throws(Refusal) -> DType {
    guard let assumed else {
      let hint = width == 2 ? "perhaps BF16" : width == 1 ? "perhaps an FP8" : "of \(width) bytes each"
      throw Refusal(
        rule: .npyOpaque, expected: "a dtype, or one to assume (--assume-dtype)",
        found: "\(shown): elements of unknown meaning, \(hint)")
    }
    guard assumed.bytes == width else {
      throw Refusal(
        rule: .npyAssumedWidth, expected: "elements of \(assumed.rawValue)",
        found: "\(shown), \(width) bytes each")
    }
    return assumed
  }

  /// The dtype string that NumPy writes for `dtype`; nil for dtypes it lacks.
  static func text(of dtype: DType) -> String? {
    switch dtype {
    case .f16: "<f2"
    case .f32: "<f4"
    case .f64: "<f8"
    case .i8: "|i1"
    case .i16: "<i2"
    case .i32: "<i4"
    case .i64: "<i8"
    case .u8: "|u1"
    case .u16: "<u2"
    case .u32: "<u4"
    case .u64: "<u8"
    case .bool: "|b1"
    case .c64: "<c8"
    case .c128: "<c16"
    case .bf16, .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f6E2M3, .f6E3M2, .f4: nil
    case .i4, .u4, .i2, .u2: nil
    case .q40, .q41, .q50, .q51, .q80, .q81, .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq2XXS, .iq2XS,
      .iq3XXS, .iq1S, .iq4NL, .iq3S, .iq2S, .iq4XS, .iq1M, .tq10, .tq20, .mxfp4, .nvfp4, .q10:
      nil
    }
  }
}
