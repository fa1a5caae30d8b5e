internal import Tensors

/// The logical bytes of an array, converted window by window.
final class NpyReader: TensorByteReader {
  /// Bytes of a window; with the source's buffers this keeps a tensor under 24 MB in flight.
  static let windowLimit = 16 << 20
  /// Bytes at a time where no order but that of bytes within a number changes.
  private static let swapWindow = 512 << 10

  private let path: String
  private let spec: TensorSpec
  private let swapWidth: Int
  private let payload: any NpyPayload
  private let fortran: FortranGather?
  private var position = 0
  private var window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The part of `window` that is filled and not yet delivered.
  private var pending = 0..<0

  init(header: NpyHeader, path: String, payload: any NpyPayload) {
    self.path = path
    spec = header.spec
    swapWidth = header.swapWidth
    self.payload = payload
    fortran =
      header.isFortran
      ? FortranGather(shape: spec.shape, itemSize: spec.dtype.bytes ?? 1, limit: Self.windowLimit) : nil
  }

  deinit { window.deallocate() }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    guard buffer.count <= spec.byteCount - position else {
      throw .readPastEnd(of: spec.name, in: path, left: spec.byteCount - position, asked: buffer.count)
    }
    if fortran == nil && swapWidth == 1 {
      try payload.read(at: position, into: buffer)
      position += buffer.count
      return
    }
    var done = 0
    while done < buffer.count {
      if pending.isEmpty { try fill() }
      let count = min(pending.count, buffer.count - done)
      let source = window[pending.lowerBound..<(pending.lowerBound + count)]
      UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: source))
      pending = (pending.lowerBound + count)..<pending.upperBound
      done += count
      position += count
    }
  }

  /// The next window; the caller knows that the tensor has not ended.
  private func fill() throws(FlatFormatError) {
    if window.count == 0 {
      let size = fortran?.windowSize ?? min(Self.swapWindow, spec.byteCount)
      window = .allocate(byteCount: size, alignment: 64)
    }
    let count: Int
    if let fortran {
      count = try fortran.gather(at: position, from: payload, into: window)
    } else {
      count = min(window.count, spec.byteCount - position)
      try payload.read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: window[..<count]))
    }
    ByteOrder.reverse(UnsafeMutableRawBufferPointer(rebasing: window[..<count]), width: swapWidth)
    pending = 0..<count
  }
}

/// Big-endian numbers to little-endian ones.
enum ByteOrder {
  /// Reverses every `width` bytes of `bytes`, whose count is a multiple of it.
  static func reverse(_ bytes: UnsafeMutableRawBufferPointer, width: Int) {
    switch width {
    case 2: reverse(bytes, as: UInt16.self)
    case 4: reverse(bytes, as: UInt32.self)
    case 8: reverse(bytes, as: UInt64.self)
    case 1: return
    default:
      for start in stride(from: 0, to: bytes.count - width + 1, by: width) {
        var number = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + width)])
        number.reverse()
      }
    }
  }

  private static func reverse<Word: FixedWidthInteger>(_ bytes: UnsafeMutableRawBufferPointer, as: Word.Type)
  {
    let width = MemoryLayout<Word>.size
    for start in stride(from: 0, to: bytes.count - width + 1, by: width) {
      let word = bytes.loadUnaligned(fromByteOffset: start, as: Word.self)
      bytes.storeBytes(of: word.byteSwapped, toByteOffset: start, as: Word.self)
    }
  }
}
