internal import Inference
internal import ONNXGraph

/// Matrix products: the summed dimension is cut alike in both operands; rows and columns continue.
enum ProductRule {
  static func gemm(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let (a, b) = (try call.input(0), try call.input(1))
    call.keepsZeros = true
    guard let left = a.shape, let right = b.shape, left.count == 2, right.count == 2 else {
      return try call.unknownExtents()
    }
    let (inner, row) = call.int("transA") == 1 ? (0, 1) : (1, 0)
    let (depth, column) = call.int("transB") == 1 ? (1, 0) : (0, 1)
    guard left[inner] == right[depth] else {
      throw call.refusal("\(left[inner]) rows of the second matrix", "\(right)")
    }
    try firstLayer(call, a, (1, column))
    try call.contract(0, inner, 1, depth)
    var result = FlowValue([left[row], right[column]])
    for (dimension, own) in [row, column].enumerated() {
      let source = FlowPlace(index: dimension, dimension: own)
      let made = try call.labels(dimension, own)
      guard let extents = call.optional(2)?.shape else {
        result.factors += LabelFactor.list(made, dimension)
        continue
      }
      let place = extents.count - 2 + dimension
      let isBeside = extents.indices.contains(place) && extents[place] != 1
      if !isBeside, made != nil { call.keepsZeros = false }
      result.factors += LabelFactor.list(
        isBeside ? try call.meet(made, of: source, 2, place) : made, dimension)
    }
    return [result]
  }

  static func matMul(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let (a, b) = (try call.input(0), try call.input(1))
    call.keepsZeros = true
    guard let left = a.shape, let right = b.shape, left.count >= 2, right.count >= 2 else {
      return try call.unknownExtents()
    }
    let (rows, columns) = (left.count - 2, right.count - 1)
    guard left[left.count - 1] == right[right.count - 2],
      let batch = ElementwiseRule.broadcast([Array(left.dropLast(2)), Array(right.dropLast(2))])
    else { throw call.refusal("matrices that fit each other", "\(left) and \(right)") }
    if b.isConstant { try firstLayer(call, a, (1, columns)) }
    if a.isConstant { try firstLayer(call, b, (0, rows)) }
    try call.contract(0, left.count - 1, 1, right.count - 2)
    var result = FlowValue(batch + [left[rows], right[columns]])
    for dimension in batch.indices where batch[dimension] != 1 {
      let places = [
        (0, dimension - (batch.count - rows)), (1, dimension - (batch.count - (right.count - 2))),
      ]
      .filter { $1 >= 0 && ($0 == 0 ? left : right)[$1] != 1 }
      .map { (index: $0, dimension: $1) }
      let joint = try call.together(places)
      result.factors += LabelFactor.list(joint, dimension)
      try call.selectTogether(places, joint)
    }
    result.factors += LabelFactor.list(try call.labels(0, rows), batch.count)
    result.factors += LabelFactor.list(try call.labels(1, columns), batch.count + 1)
    return [result]
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
