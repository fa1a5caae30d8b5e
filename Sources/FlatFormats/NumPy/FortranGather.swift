/// Converts an array whose first index changes fastest in the file into C order, window by window of the result.
///
/// In a window, the indices of the axes before `cut` are fixed. The window holds some indices of axis `cut` and all
/// indices of the later axes. In the file this is one run for each combination of the later axes. If `cut` is 0, a
/// window reads about as many bytes as it holds. `cut` is above 0 only if one index of the first axis does not fit a
/// window.
final class FortranGather: ElementGather {
  private let shape: [Int]
  private let itemSize: Int
  private let cut: Int
  /// The number of elements in the axes after `cut`.
  private let inner: Int
  /// The number of indices of `cut` in a full window.
  private let rows: Int
  /// The distance of two neighbours on each axis, in elements of the file.
  private let fileStrides: [Int]
  /// The distance of two neighbours on each axis, in elements of the result.
  private let resultStrides: [Int]
  /// Bytes of the largest window.
  let windowSize: Int

  /// The shape has no zero and its bytes fit an Int, so no product below overflows.
  init(shape: [Int], itemSize: Int, limit: Int) {
    self.shape = shape
    self.itemSize = itemSize
    var strides: [Int] = []
    var product = 1
    for extent in shape {
      strides.append(product)
      product *= extent
    }
    fileStrides = strides
    var result = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      result[axis] = result[axis + 1] * shape[axis + 1]
    }
    resultStrides = result
    let cut = result.firstIndex { $0 * itemSize <= limit } ?? shape.count - 1
    self.cut = cut
    inner = result[cut]
    rows = min(shape[cut], max(1, limit / (result[cut] * itemSize)))
    windowSize = rows * inner * itemSize
  }

  func gather(
    at position: Int, from payload: any NpyPayload, into window: UnsafeMutableRawBufferPointer
  ) throws(FlatFormatError) -> Int {
    var element = position / itemSize
    var origin = 0
    for axis in 0..<cut {
      origin += element / resultStrides[axis] * fileStrides[axis]
      element %= resultStrides[axis]
    }
    let first = element / inner
    let count = min(rows, shape[cut] - first)
    origin += first * fileStrides[cut]
    let bytes = count * inner * itemSize
    let runBytes = ((count - 1) * fileStrides[cut] + 1) * itemSize
    let gap = fileStrides[cut] * shape[cut] * itemSize - runBytes
    let staging = FortranStaging(
      payload: payload, total: shape.reduce(itemSize, *), itemSize: itemSize, runBytes: runBytes, gap: gap)
    var failure: FlatFormatError?
    walk { run, place in
      if failure != nil { return }
      do throws(FlatFormatError) {
        try copyRun(at: origin + run, count: count, from: staging, into: window, at: place)
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Calls `body` for each combination of the axes after `cut`, in the file's order. `run` and `place` are distances in
  /// elements, in the file and in the result, from the first element of the window to the first of the run.
  private func walk(_ body: (_ run: Int, _ place: Int) -> Void) {
    var index = [Int](repeating: 0, count: shape.count)
    var (run, place) = (0, 0)
    while true {
      body(run, place)
      var axis = cut + 1
      while axis < shape.count {
        index[axis] += 1
        run += fileStrides[axis]
        place += resultStrides[axis]
        if index[axis] < shape[axis] { break }
        run -= index[axis] * fileStrides[axis]
        place -= index[axis] * resultStrides[axis]
        index[axis] = 0
        axis += 1
      }
      if axis >= shape.count { return }
    }
  }

  /// Copies elements `start`, `start` + stride, … of the file into the result's rows at `place`.
  private func copyRun(
    at start: Int, count: Int, from staging: FortranStaging, into window: UnsafeMutableRawBufferPointer,
    at place: Int
  ) throws(FlatFormatError) {
    let step = fileStrides[cut]
    let perRead = max(1, (staging.buffer.count - itemSize) / (step * itemSize) + 1)
    var done = 0
    while done < count {
      let some = min(perRead, count - done)
      let from = try staging.load((start + done * step) * itemSize, ((some - 1) * step + 1) * itemSize)
      scatter(staging.buffer, from: from, step: step, count: some, into: window, at: place + done * inner)
      done += some
    }
  }

  /// Copies `count` elements of `source` into the rows of `window`, from element `place` on. In `source` the first is
  /// at byte `from`, and they are `step` elements apart.
  private func scatter(
    _ source: UnsafeMutableRawBufferPointer, from: Int, step: Int, count: Int,
    into window: UnsafeMutableRawBufferPointer, at place: Int
  ) {
    switch itemSize {
    case 1: scatter(source, from, step, count, window, place, as: UInt8.self)
    case 2: scatter(source, from, step, count, window, place, as: UInt16.self)
    case 4: scatter(source, from, step, count, window, place, as: UInt32.self)
    case 8: scatter(source, from, step, count, window, place, as: UInt64.self)
    default: scatter(source, from, step, count, window, place, as: (UInt64, UInt64).self)
    }
  }

  private func scatter<Item: BitwiseCopyable>(
    _ source: UnsafeMutableRawBufferPointer, _ from: Int, _ step: Int, _ count: Int,
    _ window: UnsafeMutableRawBufferPointer, _ place: Int, as: Item.Type
  ) {
    // Proof of bounds: the last element read and the last written, checked once for the whole run.
    let size = MemoryLayout<Item>.size
    guard count > 0, from + ((count - 1) * step + 1) * size <= source.count,
      (place + (count - 1) * inner + 1) * size <= window.count, let input = source.baseAddress,
      let output = window.baseAddress
    else { return }
    for row in 0..<count {
      let item = input.loadUnaligned(fromByteOffset: from + row * step * size, as: Item.self)
      output.storeBytes(of: item, toByteOffset: (place + row * inner) * size, as: Item.self)
    }
  }
}
