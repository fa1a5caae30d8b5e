/// Walks several operands over one index space, row by row.
///
/// Each operand has a stride for each dimension, in its own elements; a stride of 0 repeats, a negative one goes
/// backwards. Neighbouring dimensions that are contiguous in every operand are merged, so that rows are as long as
/// possible.
struct StridedWalk {
  private(set) var extents: [Int] = []
  /// Strides by operand, then by dimension.
  private(set) var strides: [[Int]]

  init(_ shape: [Int], _ operands: [[Int]]) {
    strides = operands.map { _ in [] }
    for axis in shape.indices where shape[axis] != 1 {
      let joins =
        !extents.isEmpty
        && operands.indices.allSatisfy { operand in
          strides[operand].last == operands[operand][axis] * shape[axis]
        }
      if joins {
        extents[extents.count - 1] *= shape[axis]
        for operand in operands.indices { strides[operand][extents.count - 1] = operands[operand][axis] }
      } else {
        extents.append(shape[axis])
        for operand in operands.indices { strides[operand].append(operands[operand][axis]) }
      }
    }
    if extents.isEmpty {
      extents = [1]
      strides = operands.map { _ in [0] }
    }
  }

  /// Elements of a row.
  var rowCount: Int { extents[extents.count - 1] }

  /// The stride of an operand within a row.
  func rowStride(_ operand: Int) -> Int { strides[operand][extents.count - 1] }

  /// An operand's offset at the position `number` of the index space, in C order.
  func offset(_ number: Int, _ operand: Int) -> Int {
    var (rest, offset) = (number, 0)
    for axis in extents.indices.reversed() {
      offset += rest % extents[axis] * strides[operand][axis]
      rest /= extents[axis]
    }
    return offset
  }

  /// Calls `body` with every operand's offset at the start of each row, in C order.
  func forEachRow(_ body: (_ offsets: [Int]) throws(OperatorError) -> Void) throws(OperatorError) {
    if extents.contains(0) { return }
    var offsets = [Int](repeating: 0, count: strides.count)
    var index = [Int](repeating: 0, count: extents.count)
    let outer = extents.count - 1
    while true {
      try body(offsets)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        for operand in offsets.indices { offsets[operand] += strides[operand][axis] }
        if index[axis] < extents[axis] { break }
        for operand in offsets.indices { offsets[operand] -= strides[operand][axis] * extents[axis] }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

/// Shapes and strides.
enum Layout {
  /// Strides of C order, in elements.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  /// The flat position of the element at `index`.
  static func offset(_ index: [Int], _ strides: [Int]) -> Int {
    zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The shape that all shapes broadcast to (NumPy's rule): extents are equal or 1, counted from the last.
  static func broadcast(_ shapes: [[Int]]) throws(OperatorError) -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (axis, extent) in shape.enumerated() where extent != 1 {
        let place = rank - shape.count + axis
        guard result[place] == 1 || result[place] == extent else {
          throw OperatorError(
            "shapes that broadcast", found: shapes.map(shapeText).joined(separator: " and "))
        }
        result[place] = extent
      }
    }
    return result
  }

  /// Strides that read `shape` as if it had the shape `target`, to which it broadcasts.
  static func strides(_ shape: [Int], as target: [Int]) -> [Int] {
    let own = strides(shape)
    let missing = target.count - shape.count
    return target.indices.map { axis in
      axis < missing || shape[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  /// Whether `shape` broadcasts to exactly `target`.
  static func broadcasts(_ shape: [Int], to target: [Int]) -> Bool {
    shape.count <= target.count
      && zip(shape.reversed(), target.reversed()).allSatisfy { $0 == 1 || $0 == $1 }
  }
}

extension Sequence<Int> {
  /// The product. It cannot overflow: these are extents of a tensor that exists.
  var product: Int { reduce(1, &*) }
}
