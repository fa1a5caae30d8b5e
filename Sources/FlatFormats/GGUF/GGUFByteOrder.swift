internal import Tensors

/// The numbers within a block whose bytes are reversed in a big-endian file.
enum GGUFByteOrder {
  /// The offsets of the 16-bit numbers in a block, as llama.cpp's `gguf_convert_endian.py` swaps them; empty for a block
  /// of bytes. nil for a type whose big-endian form that script does not define.
  private static func halves(_ dtype: DType) -> [Int]? {
    switch dtype {
    case .q40, .q80: [0]
    case .q4K: [0, 2]
    case .q6K: [208]
    case .mxfp4, .nvfp4: []
    default: nil
    }
  }

  /// Whether a big-endian file can have tensors of `dtype`.
  static func isDefined(for dtype: DType) -> Bool { dtype.bytes != nil || halves(dtype) != nil }

  /// Whether the bytes of such tensors are the same in both byte orders.
  static func isSame(for dtype: DType) -> Bool { dtype.bytes == 1 || halves(dtype) == [] }

  /// Turns whole elements or blocks from one byte order into the other.
  static func reverse(_ bytes: UnsafeMutableRawBufferPointer, _ dtype: DType) {
    if let width = dtype.bytes { return ByteOrder.reverse(bytes, width: width) }
    let size = dtype.block.bytes
    for offset in halves(dtype) ?? [] {
      for start in stride(from: offset, to: bytes.count - size + offset + 1, by: size) {
        bytes.swapAt(start, start + 1)
      }
    }
  }
}

/// Reads the blocks of a big-endian file.
final class BlockSwap: ElementGather {
  private let dtype: DType
  private let byteCount: Int
  let windowSize: Int

  init(_ spec: TensorSpec) {
    dtype = spec.dtype
    byteCount = spec.byteCount
    windowSize = min(spec.byteCount, (512 << 10) / spec.dtype.block.bytes * spec.dtype.block.bytes)
  }

  func gather(
    at position: Int, from payload: any NpyPayload, into window: UnsafeMutableRawBufferPointer
  ) throws(FlatFormatError) -> Int {
    let count = min(window.count, byteCount - position)
    let bytes = UnsafeMutableRawBufferPointer(rebasing: window[..<count])
    try payload.read(at: position, into: bytes)
    GGUFByteOrder.reverse(bytes, dtype)
    return count
  }
}
