internal import Tensors

/// The logical bytes of a tensor whose elements lie anywhere in a storage: in C order, lowest byte first.
final class StridedReader: TensorByteReader {
  /// Bytes at a time where no order but that of bytes within a number changes.
  private static let swapWindow = 512 << 10

  private let path: String
  private let spec: TensorSpec
  private let start: Int
  private let swapWidth: Int
  private let payload: any NpyPayload
  private let gather: StridedGather?
  private var position = 0
  private var window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The part of `window` that is filled and not yet delivered.
  private var pending = 0..<0

  /// The caller has checked that every element lies in the payload.
  init(
    path: String, spec: TensorSpec, strides: TorchStrides, itemSize: Int, swapWidth: Int,
    payload: any NpyPayload
  ) {
    self.path = path
    self.spec = spec
    start = strides.offset * itemSize
    self.swapWidth = swapWidth
    self.payload = payload
    gather =
      strides.isContiguous ? nil : StridedGather(strides, itemSize: itemSize, limit: NpyReader.windowLimit)
  }

  deinit { window.deallocate() }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    guard buffer.count <= spec.byteCount - position else {
      throw .readPastEnd(of: spec.name, in: path, left: spec.byteCount - position, asked: buffer.count)
    }
    if gather == nil && swapWidth == 1 {
      if buffer.isEmpty { return }
      try payload.read(at: start + position, into: buffer)
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
      let size = gather?.windowSize ?? min(Self.swapWindow, spec.byteCount)
      window = .allocate(byteCount: size, alignment: 64)
    }
    let count: Int
    if let gather {
      count = try gather.gather(at: position, from: payload, into: window)
    } else {
      count = min(window.count, spec.byteCount - position)
      try payload.read(at: start + position, into: UnsafeMutableRawBufferPointer(rebasing: window[..<count]))
    }
    ByteOrder.reverse(UnsafeMutableRawBufferPointer(rebasing: window[..<count]), width: swapWidth)
    pending = 0..<count
  }
}
