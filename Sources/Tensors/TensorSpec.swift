/// The name, dtype and shape of a tensor; its sizes are known to fit an Int.
public struct TensorSpec: Hashable, Sendable {
  /// The tensor's name in flat files.
  public let name: TensorName
  /// The type of its elements.
  public let dtype: DType
  /// Extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The product of the extents; 1 for a scalar.
  public let elementCount: Int
  /// Logical bytes: `elementCount` × bits ÷ 8, rounded up; for block-quantised types the bytes of all blocks.
  public let byteCount: Int

  /// Throws in four cases: an extent is negative, the size overflows, the elements end inside a byte although the dtype
  /// does not allow it, or a row (the last dimension) ends inside a block.
  public init(name: TensorName, dtype: DType, shape: [Int]) throws(TensorError) {
    var count = 1
    // Zeros are checked before overflow: [0, 2^62, 2^62] is a valid, empty tensor.
    if !shape.contains(0) {
      for extent in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        if overflow || extent < 0 { throw .shapeOutOfRange(name, shape) }
        count = product
      }
    } else if shape.contains(where: { $0 < 0 }) {
      throw .shapeOutOfRange(name, shape)
    } else {
      count = 0
    }
    let block = dtype.block
    if dtype.isBlockQuantised, (shape.last ?? 1) % block.elements != 0 {
      throw .endsInsideBlock(name, dtype, shape)
    }
    let (bits, overflow) =
      dtype.bits.map(count.multipliedReportingOverflow(by:))
      ?? (count / block.elements).multipliedReportingOverflow(by: 8 * block.bytes)
    if overflow { throw .shapeOutOfRange(name, shape) }
    if bits % 8 != 0, !dtype.mayEndInsideByte { throw .endsInsideByte(name, dtype, shape) }
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.elementCount = count
    self.byteCount = bits / 8 + (bits % 8 == 0 ? 0 : 1)
  }

  /// The same dtype and shape under another name.
  public func named(_ name: TensorName) -> TensorSpec { TensorSpec(name, of: self) }

  private init(_ name: TensorName, of other: TensorSpec) {
    self.name = name
    dtype = other.dtype
    shape = other.shape
    elementCount = other.elementCount
    byteCount = other.byteCount
  }

  /// The shape as people write it: `[64, 3, 3, 3]`.
  public var shapeText: String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }
}

/// The reason why a tensor cannot exist: its shape.
public enum TensorError: Error, Equatable, CustomStringConvertible {
  case shapeOutOfRange(TensorName, [Int])
  case endsInsideByte(TensorName, DType, [Int])
  case endsInsideBlock(TensorName, DType, [Int])

  public var description: String {
    switch self {
    case .shapeOutOfRange(let name, let shape):
      "tensor \(name.quoted): shape \(shape): expected fewer than 2^60 bytes"
    case .endsInsideByte(let name, let dtype, let shape):
      "tensor \(name.quoted): shape \(shape) of \(dtype.rawValue): expected a whole number of bytes, "
        + "found elements that end inside a byte"
    case .endsInsideBlock(let name, let dtype, let shape):
      "tensor \(name.quoted): shape \(shape) of \(dtype.rawValue): expected a last dimension in blocks of "
        + "\(dtype.block.elements), found \(shape.last.map(String.init) ?? "no dimension")"
    }
  }
}
