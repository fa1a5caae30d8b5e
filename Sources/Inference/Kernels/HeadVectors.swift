internal import ONNXGraph

/// Vectors inside a tensor, one for each sample, head and position; the elements of a vector are contiguous.
struct HeadVectors {
  let tensor: Tensor
  var offset = 0
  let heads: Int
  var length: Int
  let size: Int
  /// The distances between samples, heads and positions, in elements.
  let strides: (sample: Int, head: Int, position: Int)

  /// Vectors of any layout.
  init(
    _ tensor: Tensor, offset: Int = 0, heads: Int, length: Int, size: Int,
    strides: (sample: Int, head: Int, position: Int)
  ) {
    self.tensor = tensor
    self.offset = offset
    self.heads = heads
    self.length = length
    self.size = size
    self.strides = strides
  }

  /// x: [samples, heads, length, size]
  init(_ x: Tensor) {
    let strides = Layout.strides(x.shape)
    self.init(
      x, heads: x.shape[1], length: x.shape[2], size: x.shape[3],
      strides: (strides[0], strides[1], strides[2]))
  }

  /// x: [samples, length, heads · size]; `heads` divides the last extent.
  init(packed x: Tensor, heads: Int) {
    let size = x.shape[2] / heads
    self.init(
      x, heads: heads, length: x.shape[1], size: size, strides: (x.shape[1] * x.shape[2], size, x.shape[2]))
  }

  /// The position in the tensor of the first vector of a sample's head.
  func start(_ sample: Int, _ head: Int) -> Int { offset + sample * strides.sample + head * strides.head }

  /// The vectors of a sample's head: [length, size].
  func matrix(_ sample: Int, _ head: Int) -> MatrixView {
    MatrixView(
      tensor: tensor, offset: start(sample, head), rows: length, columns: size, rowStride: strides.position,
      columnStride: 1)
  }

  /// The same vectors as elements of another type.
  func cast(_ call: OperatorCall, to type: ElementType) throws(OperatorError) -> HeadVectors {
    HeadVectors(
      try Casting.cast(call, tensor, to: type), offset: offset, heads: heads, length: length, size: size,
      strides: strides)
  }

  /// Copies the first `count` vectors of each head of some samples to `other`, from a position on.
  func write(
    _ count: Int, to other: HeadVectors, at place: Int = 0, samples: Range<Int>
  ) throws(OperatorError) {
    try StridedCopy.copy(
      shape: [samples.count, heads, count, size], from: tensor, offset: start(samples.lowerBound, 0),
      strides: [strides.sample, strides.head, strides.position, 1], to: other.tensor,
      targetOffset: other.start(samples.lowerBound, 0) + place * other.strides.position,
      targetStrides: [other.strides.sample, other.strides.head, other.strides.position, 1])
  }

  /// The vectors plus a bias: `heads · size` elements of a vector, from `offset` on.
  func biased(
    _ call: OperatorCall, samples: Int, _ bias: Tensor, from offset: Int
  ) throws(OperatorError) -> HeadVectors {
    let part = try StridedCopy.gathered(
      call, bias, shape: [heads, 1, size], offset: offset, strides: [size, 0, 1])
    return HeadVectors(try Elementwise.binary(Add.self, call, try copy(call, samples: samples), part))
  }

  /// A copy in C order: [samples, heads, length, size].
  func copy(_ call: OperatorCall, samples: Int) throws(OperatorError) -> Tensor {
    try StridedCopy.gathered(
      call, tensor, shape: [samples, heads, length, size], offset: offset,
      strides: [strides.sample, strides.head, strides.position, 1])
  }
}

extension OperatorCall {
  /// An attribute with a number of heads, which divides an extent.
  func heads(_ name: String, dividing extent: Int) throws(OperatorError) -> Int {
    guard let heads = try int(name), heads >= 1, heads <= max(1, extent), extent % heads == 0 else {
      throw OperatorError(
        "a number of heads that divides \(extent)", found: try int(name).map { "\($0)" } ?? "none",
        subject: "attribute \(quoted(name))")
    }
    return heads
  }
}
