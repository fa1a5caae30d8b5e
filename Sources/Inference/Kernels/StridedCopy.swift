internal import Glibc
internal import ONNXGraph

/// Moves elements of any type between strided positions: transposing, slicing, repeating, joining.
enum StridedCopy {
  /// Copies `shape` elements from `source` to `target`, each with an offset and strides in elements.
  ///
  /// The caller must have checked that every index is inside its tensor.
  static func copy(
    shape: [Int], from source: Tensor, offset: Int, strides: [Int], to target: Tensor, targetOffset: Int,
    targetStrides: [Int]
  ) throws(OperatorError) {
    switch source.type.width {
    case 1: try copy(UInt8.self, shape, source, offset, strides, target, targetOffset, targetStrides)
    case 2: try copy(UInt16.self, shape, source, offset, strides, target, targetOffset, targetStrides)
    case 4: try copy(UInt32.self, shape, source, offset, strides, target, targetOffset, targetStrides)
    case 8: try copy(UInt64.self, shape, source, offset, strides, target, targetOffset, targetStrides)
    default: try copy(UInt128.self, shape, source, offset, strides, target, targetOffset, targetStrides)
    }
  }

  /// Copies to a new tensor in C order.
  static func gathered(
    _ call: OperatorCall, _ source: Tensor, shape: [Int], offset: Int, strides: [Int]
  ) throws(OperatorError) -> Tensor {
    let result = try call.make(source.type, shape)
    try copy(
      shape: shape, from: source, offset: offset, strides: strides, to: result, targetOffset: 0,
      targetStrides: Layout.strides(shape))
    return result
  }

  /// Copies a part of `source` that begins at index `start` to the part of `target` that begins at index `first`.
  static func part(
    _ shape: [Int], from source: Tensor, at start: [Int], to target: Tensor, at first: [Int]
  ) throws(OperatorError) {
    if shape.contains(0) { return }
    let (from, to) = (Layout.strides(source.shape), Layout.strides(target.shape))
    try copy(
      shape: shape, from: source, offset: Layout.offset(start, from), strides: from, to: target,
      targetOffset: Layout.offset(first, to), targetStrides: to)
  }

  private static func copy<Word: BitwiseCopyable>(
    _: Word.Type, _ shape: [Int], _ source: Tensor, _ offset: Int, _ strides: [Int], _ target: Tensor,
    _ targetOffset: Int, _ targetStrides: [Int]
  ) throws(OperatorError) {
    if shape.contains(0) { return }
    let walk = StridedWalk(shape, [strides, targetStrides])
    let from = source.values(Word.self)
    let to = target.values(Word.self)
    let (count, step, targetStep) = (walk.rowCount, walk.rowStride(0), walk.rowStride(1))
    try walk.forEachRow { offsets throws(OperatorError) in
      let (start, targetStart) = (offset + offsets[0], targetOffset + offsets[1])
      if step == 1, targetStep == 1 {
        memcpy(to.base + targetStart, from.base + start, count * MemoryLayout<Word>.stride)
      } else {
        for index in 0..<count { to[targetStart + index * targetStep] = from[start + index * step] }
      }
    }
  }

  /// Copies elements one by one: `target[i] = source[indices[i]]`; an index of −1 leaves `target[i]` unchanged.
  static func pick(
    _ indices: Elements<Int64>, count: Int, from source: Tensor, to target: Tensor
  ) {
    switch source.type.width {
    case 1: pick(UInt8.self, indices, count, source, target)
    case 2: pick(UInt16.self, indices, count, source, target)
    case 4: pick(UInt32.self, indices, count, source, target)
    case 8: pick(UInt64.self, indices, count, source, target)
    default: pick(UInt128.self, indices, count, source, target)
    }
  }

  private static func pick<Word: BitwiseCopyable>(
    _: Word.Type, _ indices: Elements<Int64>, _ count: Int, _ source: Tensor,
    _ target: Tensor
  ) {
    let from = source.values(Word.self)
    let to = target.values(Word.self)
    for place in 0..<count where indices[place] >= 0 { to[place] = from[Int(indices[place])] }
  }

  /// Sets every element of `target` to the first element of `value`.
  static func fill(_ target: Tensor, with value: Tensor) throws(OperatorError) {
    try copy(
      shape: [target.count], from: value, offset: 0, strides: [0], to: target, targetOffset: 0,
      targetStrides: [1])
  }

  /// Copies `count` elements that are contiguous in both tensors.
  static func run(
    _ count: Int, from source: Tensor, at offset: Int, to target: Tensor, at targetOffset: Int
  ) {
    let width = source.type.width
    memcpy(
      target.storage.base + targetOffset * width, source.storage.base + offset * width, count * width)
  }

  /// Sets `count` elements from `offset` on to zero bits.
  static func clear(_ count: Int, of target: Tensor, at offset: Int) {
    let width = target.type.width
    memset(target.storage.base + offset * width, 0, count * width)
  }
}
