/// Converts a tensor with any strides into C order, window by window of the result.
///
/// In a window, the indices of the axes before `cut` are fixed. The window holds some indices of axis `cut` and all
/// indices of the later axes. Its axes are walked from the widest step in the storage to the narrowest, so that
/// neighbours are read together. Bytes between elements are read too if this costs less than another call.
final class StridedGather: ElementGather {
  private let strides: TorchStrides
  private let itemSize: Int
  private let cut: Int
  /// The number of elements in the axes after `cut`.
  private let inner: Int
  /// The number of indices of `cut` in a full window.
  private let rows: Int
  /// The distance of two neighbours on each axis, in elements of the result.
  private let resultStrides: [Int]
  /// Bytes of the largest window.
  let windowSize: Int

  /// The most bytes of a read.
  private static let stagingSize = 1 << 20
  /// If the gap between two elements has at most this many bytes, reading it costs less than another call.
  private static let smallGap = 4096

  /// The shape has no zero and at least one axis. The bytes of tensor and storage fit an Int, so no product below
  /// overflows.
  init(_ strides: TorchStrides, itemSize: Int, limit: Int) {
    self.strides = strides
    self.itemSize = itemSize
    let shape = strides.shape
    var result = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      result[axis] = result[axis + 1] * shape[axis + 1]
    }
    resultStrides = result
    let cut = result.firstIndex { $0 * itemSize <= limit } ?? max(0, shape.count - 1)
    self.cut = cut
    inner = result[cut]
    rows = min(shape[cut], max(1, limit / (result[cut] * itemSize)))
    windowSize = rows * inner * itemSize
  }

  /// One axis of a window.
  private struct Axis {
    let extent: Int
    /// The distance of two neighbours in the storage, in elements.
    let step: Int
    /// The distance of two neighbours in the window, in elements.
    let place: Int
  }

  func gather(
    at position: Int, from payload: any NpyPayload, into window: UnsafeMutableRawBufferPointer
  ) throws(FlatFormatError) -> Int {
    var element = position / itemSize
    var origin = strides.offset
    for axis in 0..<cut {
      origin += element / resultStrides[axis] * strides.strides[axis]
      element %= resultStrides[axis]
    }
    let first = element / inner
    let count = min(rows, strides.shape[cut] - first)
    origin += first * strides.strides[cut]
    var axes = [Axis(extent: count, step: strides.strides[cut], place: inner)]
    for axis in (cut + 1)..<max(cut + 1, strides.shape.count) {
      axes.append(
        Axis(extent: strides.shape[axis], step: strides.strides[axis], place: resultStrides[axis]))
    }
    axes = axes.filter { $0.extent > 1 }.sorted { $0.step < $1.step }
    try run(axes, origin: origin, payload, window)
    return count * inner * itemSize
  }

  /// Splits the axes into axes that are read whole, one axis that is read in pieces, and axes that are walked.
  private func run(
    _ axes: [Axis], origin: Int, _ payload: any NpyPayload, _ window: UnsafeMutableRawBufferPointer
  ) throws(FlatFormatError) {
    let room = Self.stagingSize / itemSize
    var span = 1
    var whole = 0
    while whole < axes.count, isClose(axes[whole], span),
      axes[whole].extent - 1 <= (room - span) / max(1, axes[whole].step)
    {
      span += (axes[whole].extent - 1) * axes[whole].step
      whole += 1
    }
    let block = Array(axes[..<whole])
    // A part of the next axis may still fit.
    var piece = Axis(extent: 1, step: 0, place: 0)
    var most = 1
    var walked = axes[whole...]
    if let next = walked.first, isClose(next, span) {
      piece = next
      most = 1 + (room - span) / max(1, next.step)
      walked = walked.dropFirst()
    }
    let staging = UnsafeMutableRawBufferPointer.allocate(
      byteCount: (span + (min(most, piece.extent) - 1) * piece.step) * itemSize, alignment: 64)
    defer { staging.deallocate() }
    var failure: FlatFormatError?
    Self.walk(Array(walked)) { step, place in
      do throws(FlatFormatError) {
        var done = 0
        while done < piece.extent {
          let some = min(most, piece.extent - done)
          let bytes = (span + (some - 1) * piece.step) * itemSize
          try payload.read(
            at: (origin + step + done * piece.step) * itemSize,
            into: UnsafeMutableRawBufferPointer(rebasing: staging[..<bytes]))
          let axes = block + [Axis(extent: some, step: piece.step, place: piece.place)]
          scatter(staging, axes, window, at: place + done * piece.place)
          done += some
        }
      } catch { failure = error }
      return failure == nil
    }
    if let failure { throw failure }
  }

  /// Whether reading the bytes between two indices of the axis costs less than another call.
  private func isClose(_ axis: Axis, _ span: Int) -> Bool { (axis.step - span) * itemSize <= Self.smallGap }

  /// Calls `body` for each combination of indices with its distance, in elements, from the first one, until `body`
  /// returns false.
  private static func walk(_ axes: [Axis], _ body: (_ step: Int, _ place: Int) -> Bool) {
    var index = [Int](repeating: 0, count: axes.count)
    var (step, place) = (0, 0)
    while body(step, place) {
      var axis = 0
      while axis < axes.count {
        index[axis] += 1
        step += axes[axis].step
        place += axes[axis].place
        if index[axis] < axes[axis].extent { break }
        step -= index[axis] * axes[axis].step
        place -= index[axis] * axes[axis].place
        index[axis] = 0
        axis += 1
      }
      if axis == axes.count { return }
    }
  }

  private func scatter(
    _ staging: UnsafeMutableRawBufferPointer, _ axes: [Axis], _ window: UnsafeMutableRawBufferPointer,
    at place: Int
  ) {
    switch itemSize {
    case 1: scatter(staging, axes, window, place, as: UInt8.self)
    case 2: scatter(staging, axes, window, place, as: UInt16.self)
    case 4: scatter(staging, axes, window, place, as: UInt32.self)
    case 8: scatter(staging, axes, window, place, as: UInt64.self)
    default: scatter(staging, axes, window, place, as: (UInt64, UInt64).self)
    }
  }

  private func scatter<Item: BitwiseCopyable>(
    _ staging: UnsafeMutableRawBufferPointer, _ axes: [Axis], _ window: UnsafeMutableRawBufferPointer,
    _ start: Int, as: Item.Type
  ) {
    // The longest axis is the inner loop.
    guard let longest = axes.indices.max(by: { axes[$0].extent < axes[$1].extent }) else { return }
    let line = axes[longest]
    var others = axes
    others.remove(at: longest)
    let size = MemoryLayout<Item>.size
    // Proof of bounds: the last element read and the last one written are checked once for all.
    let lastRead = axes.reduce(0) { $0 + ($1.extent - 1) * $1.step }
    let lastWritten = axes.reduce(start) { $0 + ($1.extent - 1) * $1.place }
    guard let input = staging.baseAddress, let output = window.baseAddress, start >= 0,
      (lastRead + 1) * size <= staging.count, (lastWritten + 1) * size <= window.count
    else { return }
    Self.walk(others) { step, place in
      var from = input + step * size
      var to = output + (start + place) * size
      for _ in 0..<line.extent {
        to.storeBytes(of: from.loadUnaligned(as: Item.self), as: Item.self)
        from += line.step * size
        to += line.place * size
      }
      return true
    }
  }
}
