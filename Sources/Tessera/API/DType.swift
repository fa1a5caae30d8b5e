internal import Tensors

/// The element type of a tensor.
///
/// The raw value is its name in safetensors, or one in the same style if safetensors lacks the dtype (C128, I4, U4, I2,
/// U2). Block-quantised types have their names in GGUF (Q4_K). The command and the JSON documents use the same names.
public struct DType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The name: "F32", "BF16", "I64", ….
  public let rawValue: String

  /// The dtype with this name; nil if Tessera does not support it.
  public init?(rawValue: String) {
    guard Tensors.DType(rawValue: rawValue) != nil else { return nil }
    self.rawValue = rawValue
  }

  init(_ dtype: Tensors.DType) { rawValue = dtype.rawValue }

  /// The bits of one element: 32 for F32, 4 for F4. 0 for block-quantised types (Q4_K), whose elements share bytes.
  public var bits: Int { Tensors.DType(rawValue: rawValue)?.bits ?? 0 }

  /// The same as `rawValue`.
  public var description: String { rawValue }
}
