internal import ONNXGraph

/// Weights of two, four or eight bits that are packed in bytes, low bits first, and quantised in blocks.
struct PackedWeights {
  let bits: Int
  /// The elements of a block; 0 if the whole axis is one.
  let block: Int

  /// Reads `bits` and `block_size`.
  ///
  /// - Parameters:
  ///   - bits: the bits of an element if the attribute does not matter.
  ///   - block: the default of `block_size`; nil if the attribute must be given.
  ///   - allowsWhole: whether `block_size` may be 0.
  init(
    _ call: OperatorCall, bits: Int? = nil, block: Int? = nil, allowsWhole: Bool = false
  ) throws(OperatorError) {
    let stated = try call.int("bits") ?? 4
    let width = bits ?? stated
    guard [2, 4, 8].contains(width) else {
      throw OperatorError("2, 4 or 8", found: "\(width)", subject: "attribute 'bits'")
    }
    self.bits = width
    guard let size = try call.int("block_size") ?? block else {
      throw call.wrongAttribute("block_size", "a power of 2, at least 16")
    }
    guard size >= 16 && size <= WindowAttributes.limit && size & (size - 1) == 0 || allowsWhole && size == 0
    else {
      throw OperatorError("a power of 2, at least 16", found: "\(size)", subject: "attribute 'block_size'")
    }
    self.block = size
  }

  /// ⌈extent / block⌉, without overflow.
  static func blocks(_ extent: Int, _ block: Int) -> Int {
    extent / block + (extent % block == 0 ? 0 : 1)
  }

  /// The shape of packed weights: [rows, blocks, bytes of a block].
  func shape(rows: Int, _ depth: Int) -> [Int] { [rows, Self.blocks(depth, block), block * bits / 8] }

  /// The shape of unpacked elements.
  func shape(unpacking shape: [Int]) -> [Int] {
    // Cannot overflow: an extent of a tensor is at most 2³¹.
    shape.dropLast() + shape.suffix(1).map { $0 * (8 / bits) }
  }

  /// Unpacks the last axis, of which only `last` elements may be used. The result is the tensor itself if elements have
  /// eight bits.
  func unpacked(_ call: OperatorCall, _ x: Tensor, last: Int? = nil) throws(OperatorError) -> Tensor {
    let each = 8 / bits
    guard each > 1, let bytes = x.shape.last else { return x }
    let extent = min(last ?? bytes * each, bytes * each)
    let y = try call.make(.uint8, x.shape.dropLast() + [extent])
    let (from, to, mask) = (x.values(UInt8.self), y.values(UInt8.self), UInt8(1 << bits - 1))
    if y.count == 0 { return y }
    for row in 0..<(y.count / extent) {
      for index in 0..<extent {
        to[row * extent + index] = from[row * bytes + index / each] >> UInt8(index % each * bits) & mask
      }
    }
    return y
  }

  /// The weights of `MatMulNBits` as F32, [rows, depth or more]; for a backend that fuses, as they are stored.
  func weights(
    _ call: OperatorCall, _ packed: Tensor, _ rows: Int, _ depth: Int, type: ElementType
  ) throws(OperatorError) -> Tensor {
    let blocks = Self.blocks(depth, block)
    var scale = try matrix(call, 2, rows, blocks, type)
    var zero: Tensor?
    if let points = call.optional(3) {
      if points.type == .uint8 {
        let bytes = try matrix(call, 3, rows, Self.blocks(blocks, 8 / bits), .uint8)
        zero = try unpacked(call, bytes, last: blocks)
      } else {
        zero = try matrix(call, 3, rows, blocks, type)
      }
    }
    let centre = Double(1 << (bits - 1))
    if call.backend.fuses, call.optional(4) == nil,
      let elements = StoredElements(packed: packed, bits == 2 ? .uint2 : bits == 4 ? .uint4 : .uint8)
    {
      let shape = [rows, blocks * block]
      let quantisation = Quantisation(scale: scale, zero: zero, centre: centre, axis: 1, block: block)
      return try Tensor(try quantisation.scaled(call, elements, shape), .float, shape, call.budget)
    }
    var weights = try unpacked(call, packed).reshaped([rows, blocks * block])
    var size = block
    if call.optional(4) != nil {
      let groups = try Indices(call, 4, extent: blocks)
      guard groups.shape == [depth] || groups.shape == [blocks * block] else {
        throw call.wrong(4, "[\(depth)] or [\(blocks * block)]", found: shapeText(groups.shape))
      }
      weights = try first(groups.count, of: weights, call)
      scale = try Gather.gathered(call, scale, axis: 1, groups)
      zero = try zero.map { zero throws(OperatorError) in try Gather.gathered(call, zero, axis: 1, groups) }
      size = 1
    }
    return try Quantisation(
      scale: scale, zero: zero, centre: centre, axis: 1, block: size
    ).real(call, weights, as: .float)
  }

  /// An input of this many elements, as a matrix.
  private func matrix(
    _ call: OperatorCall, _ index: Int, _ rows: Int, _ columns: Int, _ type: ElementType
  ) throws(OperatorError) -> Tensor {
    let tensor = try call.input(index, type: type)
    guard tensor.shape == [rows, columns] || tensor.shape == [rows * columns] else {
      throw call.wrong(index, "[\(rows), \(columns)]", found: shapeText(tensor.shape))
    }
    return try tensor.reshaped([rows, columns])
  }

  /// The first columns of a matrix.
  private func first(_ columns: Int, of x: Tensor, _ call: OperatorCall) throws(OperatorError) -> Tensor {
    try StridedCopy.gathered(
      call, x, shape: [x.shape[0], columns], offset: 0, strides: [x.shape[1], 1])
  }
}
