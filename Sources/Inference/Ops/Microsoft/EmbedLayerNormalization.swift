internal import ONNXGraph

/// y = layer normalisation of s = word[ids] + position[p] + segment[segment ids], over the last axis
///
/// ids, segment ids: INT32, [B, S]; word, position, segment: floats, [rows, n]; gamma, beta: [n]; mask: INT32, [B, S];
/// p: INT32, [B, S] or [1, S] (0 to S − 1 for each sample) (epsilon: 1e-12) → y: [B, S, n]; the number of ones in each row
/// of the mask (0 without one): INT32, [B]; s: as y. Source: ONNX Runtime `EmbedLayerNormalization`, version 1.
enum EmbedLayerNormalization: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let ids = try call.input(0, rank: 2)
    let (samples, length) = (ids.shape[0], ids.shape[1])
    var sum = try rows(call, 2, of: 0)
    let width = sum.shape[2]
    let positions = try call.input(3, rank: 2)
    guard positions.shape[1] == width, positions.type == sum.type else {
      throw call.wrong(3, "\(sum.type.name) [.., \(width)]", found: shapeText(positions.shape))
    }
    if call.optional(8) != nil {
      sum = try Elementwise.binary(Add.self, call, sum, try rows(call, 3, of: 8))
    } else {
      guard positions.shape[0] >= length else {
        throw call.wrong(3, "\(length) rows or more", found: shapeText(positions.shape))
      }
      let first = try StridedCopy.gathered(
        call, positions, shape: [length, width], offset: 0, strides: [width, 1])
      sum = try Elementwise.binary(Add.self, call, sum, first)
    }
    if call.optional(4) != nil {
      sum = try Elementwise.binary(Add.self, call, sum, try rows(call, 4, of: 1))
    }
    guard sum.shape == [samples, length, width] else {
      throw OperatorError(
        "ids and embeddings for \(shapeText([samples, length, width]))", found: shapeText(sum.shape))
    }
    let results = try Normalising.layers(
      call, sum, axis: 2, epsilon: try call.epsilon(default: 1e-12), scale: try call.input(5),
      shift: try call.input(6))
    return [results[0], try counts(call, samples, length), sum]
  }

  /// The rows of a table that indices [B, S] select: [B, S, n].
  private static func rows(
    _ call: OperatorCall, _ table: Int, of index: Int
  ) throws(OperatorError) -> Tensor {
    let x = try call.input(table, rank: 2)
    return try Gather.gathered(call, x, axis: 0, try Indices(call, index, extent: x.shape[0]))
  }

  private static func counts(
    _ call: OperatorCall, _ samples: Int, _ length: Int
  ) throws(OperatorError) -> Tensor {
    let y = try call.make(.int32, [samples])
    y.values(Int32.self).update(repeating: 0)
    guard call.optional(7) != nil else { return y }
    let mask = try call.input(7, type: .int32)
    guard mask.shape == [samples, length] else {
      throw call.wrong(7, shapeText([samples, length]), found: shapeText(mask.shape))
    }
    let (from, to) = (mask.values(Int32.self), y.values(Int32.self))
    for index in 0..<mask.count where from[index] == 1 { to[index / length] += 1 }
    return y
  }
}
