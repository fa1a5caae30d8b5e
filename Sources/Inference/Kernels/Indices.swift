internal import ONNXGraph

/// An input of indices into an axis, checked and counted from the front.
struct Indices {
  let shape: [Int]
  let count: Int
  private let tensor: Tensor
  private let extent: Int

  /// - Parameter refusesOthers: whether an index outside the axis is an error; else `isInside` tells.
  init(
    _ call: OperatorCall, _ input: Int, extent: Int, refusesOthers: Bool = true
  ) throws(OperatorError) {
    let given = try call.input(input)
    guard given.type == .int64 || given.type == .int32 else {
      throw call.wrong(input, "I32 or I64 elements", found: given.type.name)
    }
    tensor = try Casting.cast(call, given, to: .int64)
    shape = given.shape
    count = given.count
    self.extent = extent
    if !refusesOthers { return }
    for index in tensor.values(Int64.self).prefix(count)
    where index < -Int64(extent) || index >= Int64(extent) {
      throw call.wrong(input, "indices of -\(extent) to \(extent - 1)", found: "\(index)")
    }
  }

  subscript(_ place: Int) -> Int {
    let index = Int(tensor.values(Int64.self)[place])
    return index < 0 ? index + extent : index
  }

  func isInside(_ place: Int) -> Bool {
    let index = tensor.values(Int64.self)[place]
    return index >= -Int64(extent) && index < Int64(extent)
  }
}

/// The elements that the indices of `GatherElements` or `ScatterElements` select.
enum ElementPlaces {
  /// For each index, the flat position of its element in a tensor of `shape`. The index is the coordinate on `axis`;
  /// the other coordinates are those of the index itself.
  static func fill(
    _ places: Elements<Int64>, _ indices: Indices, axis: Int, of shape: [Int]
  ) throws(OperatorError) {
    guard indices.shape.count == shape.count,
      shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
    else {
      throw OperatorError("indices no larger than \(shapeText(shape))", found: shapeText(indices.shape))
    }
    let strides = Layout.strides(shape)
    var position = [Int](repeating: 0, count: shape.count)
    for place in 0..<indices.count {
      var target = indices[place] * strides[axis]
      for other in shape.indices where other != axis { target += position[other] * strides[other] }
      places[place] = Int64(target)
      var last = shape.count - 1
      while last >= 0 {
        position[last] += 1
        if position[last] < indices.shape[last] { break }
        position[last] = 0
        last -= 1
      }
    }
  }
}

/// The points that `GatherND` and `ScatterND` select, from indices: [b.., i.., k] into x: [b.., d..].
struct IndexPoints {
  /// The shape [b.., i..].
  let shape: [Int]
  /// The number of coordinates in a point, k.
  let depth: Int
  let count: Int
  private let indices: Elements<Int64>
  private let tensor: Tensor
  private let x: Tensor
  private let batch: Int
  private let strides: [Int]

  init(_ call: OperatorCall, _ input: Int, in x: Tensor, batch: Int) throws(OperatorError) {
    let tensor = try call.input(input, type: .int64)
    guard let depth = tensor.shape.last, batch >= 0, batch < tensor.rank, depth >= 0, batch + depth <= x.rank,
      tensor.shape[..<batch] == x.shape[..<batch]
    else { throw call.wrong(input, "indices into \(shapeText(x.shape))", found: shapeText(tensor.shape)) }
    self.tensor = tensor
    self.depth = depth
    self.batch = batch
    self.x = x
    shape = tensor.shape.dropLast()
    count = shape.product
    indices = tensor.values(Int64.self)
    strides = Layout.strides(x.shape)
    // Points without coordinates have no elements, and there can be 2³¹ of them.
    try call.budget.spend(count, depth + 1)
    for place in 0..<count {
      for axis in 0..<depth {
        let (index, extent) = (indices[place * depth + axis], Int64(x.shape[batch + axis]))
        guard index >= -extent, index < extent else {
          throw call.wrong(input, "indices of -\(extent) to \(extent - 1)", found: "\(index)")
        }
      }
    }
  }

  /// The flat position in x of the first element that a point selects.
  func offset(_ place: Int) -> Int {
    let perBatch = shape[batch...].product
    var offset = batch == 0 ? 0 : place / perBatch * x.shape[batch...].product
    for axis in 0..<depth {
      let index = Int(indices[place * depth + axis])
      offset += (index < 0 ? index + x.shape[batch + axis] : index) * strides[batch + axis]
    }
    return offset
  }
}

/// Writes updates into a copy of a tensor.
enum Scattering {
  /// Copies x to y. The `run` elements at each of `places` are then replaced by those of `updates`, or reduced with
  /// them, in this order.
  static func scatter(
    _ call: OperatorCall, _ updates: Tensor, to places: Tensor, run: Int, in x: Tensor
  ) throws(OperatorError) -> Tensor {
    let words = ["none", "add", "mul", "min", "max"]
    let reduction = try call.word("reduction", words, default: "none")
    let y = try call.make(x.type, x.shape)
    try call.budget.spend(updates.count)
    StridedCopy.run(x.count, from: x, at: 0, to: y, at: 0)
    if reduction == "none" {
      for place in 0..<places.count {
        let target = Int(places.values(Int64.self)[place])
        StridedCopy.run(run, from: updates, at: place * run, to: y, at: target)
      }
      return y
    }
    switch reduction {
    case "add": try x.type.visit(Reduce<Add>(updates: updates, places: places, run: run, y: y))
    case "mul": try x.type.visit(Reduce<Mul>(updates: updates, places: places, run: run, y: y))
    case "min": try x.type.visit(Reduce<Min>(updates: updates, places: places, run: run, y: y))
    default: try x.type.visit(Reduce<Max>(updates: updates, places: places, run: run, y: y))
    }
    return y
  }

  private struct Reduce<Op: BinaryArithmetic>: ElementVisitor {
    let updates: Tensor
    let places: Tensor
    let run: Int
    let y: Tensor

    func visit<T: Element>(_: T.Type) {
      let (from, to, starts) = (updates.values(T.self), y.values(T.self), places.values(Int64.self))
      for place in 0..<places.count {
        for index in 0..<run {
          let target = Int(starts[place]) + index
          to[target] = T(
            narrowing: T.Wide.apply(Op.self, to[target].wide, from[place * run + index].wide))
        }
      }
    }
  }
}
