internal import Inference
internal import ONNXGraph

/// Matrix products: the summed dimension is cut alike in both operands; rows and columns continue.
enum ProductRule {
  static func gemm(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    guard var product = try product(call, 0, 1, turned: (call.int("transA") == 1, call.int("transB") == 1)),
      product.result.rank == 2
    else { return try call.unknownExtents() }
    try product.add(2, to: call)
    return [product.result]
  }

  /// The activation of a fused product may map zero to another number.
  static func fusedGemm(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let outputs = try gemm(call)
    call.keepsZeros = false
    return outputs
  }

  static func matMul(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    guard let product = try product(call, 0, 1) else { return try call.unknownExtents() }
    return [product.result]
  }

  /// `transBatchA` and `transBatchB` also move axes of the batch.
  static func fusedMatMul(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    guard call.int("transBatchA") ?? 0 == 0, call.int("transBatchB") ?? 0 == 0,
      let product = try product(call, 0, 1, turned: (call.int("transA") == 1, call.int("transB") == 1))
    else { return try call.unknownExtents() }
    return [product.result]
  }

  /// Multiplies two inputs of two dimensions or more; nil if their extents are not known.
  ///
  /// - Parameters:
  ///   - turned: whether the last two dimensions of each are exchanged.
  ///   - isZeroAbsent: whether an absent channel adds nothing to the sums.
  static func product(
    _ call: FlowCall, _ a: Int, _ b: Int, turned: (Bool, Bool) = (false, false), isZeroAbsent: Bool = true
  ) throws(FlowError) -> MatrixFlow? {
    let (x, y) = (try call.input(a), try call.input(b))
    guard let left = x.shape, let right = y.shape, left.count >= 2, right.count >= 2 else { return nil }
    let (inner, row) = turned.0 ? (left.count - 2, left.count - 1) : (left.count - 1, left.count - 2)
    let (depth, column) = turned.1 ? (right.count - 1, right.count - 2) : (right.count - 2, right.count - 1)
    guard left[inner] == right[depth],
      let batch = ElementwiseRule.broadcast([Array(left.dropLast(2)), Array(right.dropLast(2))])
    else { throw call.refusal("matrices that fit each other", "\(left) and \(right)") }
    try firstLayer(call, x, (b, column))
    try firstLayer(call, y, (a, row))
    if isZeroAbsent {
      try call.contract(a, inner, b, depth)
    } else {
      let reason = "\(call.node.shown) has zero points, so the bytes of absent channels are not zero"
      try call.stop(try call.labels(a, inner), reason)
      try call.stop(try call.labels(b, depth), reason)
    }
    var result = FlowValue(batch + [left[row], right[column]])
    for dimension in batch.indices where batch[dimension] != 1 {
      let places = [
        (a, dimension - (batch.count - (left.count - 2))), (b, dimension - (batch.count - (right.count - 2))),
      ]
      .filter { $1 >= 0 && ($0 == a ? left : right)[$1] != 1 }
      .map { (index: $0, dimension: $1) }
      let joint = try call.together(places)
      result.factors += LabelFactor.list(joint, dimension)
      try call.selectTogether(places, joint)
    }
    return MatrixFlow(
      result: result, row: FlowPlace(index: a, dimension: row),
      column: FlowPlace(index: b, dimension: column),
      rows: try call.labels(a, row), columns: try call.labels(b, column))
  }

  private static func firstLayer(
    _ call: FlowCall, _ x: FlowValue, _ output: (input: Int, dimension: Int)
  ) throws(FlowError) {
    guard x.isRaw, !call.context.options.cutsFirst, call.optional(output.input)?.isConstant == true else {
      return
    }
    call.fix(try call.labels(output.input, output.dimension), "\(call.node.shown) is a first layer")
  }
}

/// A product of matrices, and the labels of its last two dimensions.
struct MatrixFlow {
  private var matrices: FlowValue
  let row: FlowPlace
  let column: FlowPlace
  private var rows: [ChannelLabel]?
  private var columns: [ChannelLabel]?

  init(
    result: FlowValue, row: FlowPlace, column: FlowPlace, rows: [ChannelLabel]?, columns: [ChannelLabel]?
  ) {
    matrices = result
    self.row = row
    self.column = column
    self.rows = rows
    self.columns = columns
  }

  var result: FlowValue {
    var value = matrices
    value.factors += LabelFactor.list(rows, value.rank - 2) + LabelFactor.list(columns, value.rank - 1)
    return value
  }

  /// Adds an input that broadcasts to a product of two dimensions.
  mutating func add(_ index: Int, to call: FlowCall) throws(FlowError) {
    guard let extents = call.optional(index)?.shape else { return }
    for (dimension, place) in [row, column].enumerated() {
      let own = extents.count - 2 + dimension
      let isBeside = extents.indices.contains(own) && extents[own] != 1
      let made = dimension == 0 ? rows : columns
      if !isBeside, made != nil { call.keepsZeros = false }
      let labels = isBeside ? try call.meet(made, of: place, index, own) : made
      if dimension == 0 { rows = labels } else { columns = labels }
    }
  }

  /// Applies a scale, a zero point or a bias with one element, or with one for each row or column: [N] or [1.., N], for
  /// rows [M] or [1.., M, 1]. False if it has more.
  mutating func scale(_ index: Int, ofRows: Bool, _ call: FlowCall) throws(FlowError) -> Bool {
    guard let extents = call.optional(index)?.shape else { return true }
    let wide = extents.indices.filter { extents[$0] != 1 }
    if wide.isEmpty { return true }
    let expected = extents.count == 1 ? 0 : extents.count - (ofRows ? 2 : 1)
    guard wide == [expected] else { return false }
    if ofRows {
      rows = try call.meet(rows, of: row, index, expected)
    } else {
      columns = try call.meet(columns, of: column, index, expected)
    }
    return true
  }
}
