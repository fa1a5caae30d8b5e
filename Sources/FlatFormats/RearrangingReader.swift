internal import TensorStreams
internal import Tensors

/// Copies elements of a payload into C order, one window at a time.
protocol ElementGather: AnyObject {
  /// Bytes of a window.
  var windowSize: Int { get }

  /// Fills `window` with the result's bytes from `position`, the start of a window; returns their number.
  func gather(
    at position: Int, from payload: any NpyPayload, into window: UnsafeMutableRawBufferPointer
  ) throws(FlatFormatError) -> Int
}

/// Reads a tensor whose elements are in another order, or are big-endian, as logical bytes: in C order, lowest byte
/// first. It converts one window at a time.
final class RearrangingReader: TensorByteReader {
  /// Bytes of a window; with the source's buffers, at most 24 MB of a tensor are in memory.
  static let windowLimit = 16 << 20
  /// Bytes of a window if only the bytes within each number change order.
  private static let swapWindow = 512 << 10
  private let windowLimit: Int

  private let path: String
  private let spec: TensorSpec
  private let start: Int
  private let swapWidth: Int
  private let payload: any NpyPayload
  private let gather: (any ElementGather)?
  private var position = 0
  private var window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The range of `window` that is filled and not delivered yet.
  private var pending = 0..<0

  /// - Parameters:
  /// - start: the position in the payload of the first element, if elements are in C order.
  /// - swapWidth: the bytes of a big-endian number; 1 for little-endian numbers.
  /// - gather: copies elements that are in another order than C.
  /// - windowLimit: the most bytes of a window without a gather, which knows its own; a window holds whole numbers.
  init(
    path: String, spec: TensorSpec, start: Int = 0, swapWidth: Int, payload: any NpyPayload,
    gather: (any ElementGather)?, windowLimit: Int = RearrangingReader.windowLimit
  ) {
    self.windowLimit = windowLimit
    self.path = path
    self.spec = spec
    self.start = start
    self.swapWidth = swapWidth
    self.payload = payload
    self.gather = gather
  }

  deinit { window.deallocate() }

  var remaining: Int { spec.byteCount - position }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    guard buffer.count <= remaining else {
      throw .readPastEnd(of: spec.name, in: path, left: remaining, asked: buffer.count)
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

  /// Fills the next window. The caller must know that the tensor has more bytes.
  private func fill() throws(FlatFormatError) {
    if window.count == 0 {
      let size = gather?.windowSize ?? min(Self.swapWindow, max(16, windowLimit / 16 * 16), spec.byteCount)
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
