internal import ONNXGraph

/// y = x with the first elements of each head's vectors turned, as by ONNX's `RotaryEmbedding`
///
/// x: floats, [B, H, S, D] or [B, S, H·D]; p: INT64, [B, S], or [1] for p, p + 1, … in each sample; cos, sin: [positions,
/// R/2], as x → y: as x. H: `num_heads`; without it, D is R. R must be `rotary_embedding_dim` if that is given; it then
/// needs `num_heads`. `interleaved`: pairs 2i, 2i + 1. `scale` is not used by ONNX Runtime either; `is_packed_batching`
/// changes only its checks. Source: ONNX Runtime `RotaryEmbedding`, version 1.
enum MicrosoftRotaryEmbedding: MicrosoftOperator {
  static var name: String { "RotaryEmbedding" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank == 3 || x.rank == 4 else {
      throw call.wrong(0, "3 or 4 dimensions", found: shapeText(x.shape))
    }
    let cosines = try call.input(2, type: x.type)
    guard cosines.rank == 2, cosines.shape[1] >= 1 else {
      throw call.wrong(2, "[positions, R/2]", found: shapeText(cosines.shape))
    }
    let turned = 2 * cosines.shape[1]
    let given = try call.int("num_heads") ?? 0
    var heads = given
    if x.rank == 3, given == 0 {
      guard x.shape[2] % turned == 0 else {
        throw call.wrong(0, "vectors of heads of \(turned) numbers", found: shapeText(x.shape))
      }
      heads = max(1, x.shape[2] / turned)
    } else if x.rank == 3 {
      heads = try call.heads("num_heads", dividing: x.shape[2])
    }
    let y = try call.make(x.type, x.shape)
    let (from, to) =
      x.rank == 3
      ? (HeadVectors(packed: x, heads: heads), HeadVectors(packed: y, heads: heads))
      : (HeadVectors(x), HeadVectors(y))
    let stated = try call.int("rotary_embedding_dim") ?? 0
    guard turned <= from.size, stated == 0 || stated == turned else {
      throw call.wrong(
        2, "half of \(stated == 0 ? "at most \(from.size)" : "\(stated)") columns",
        found: shapeText(cosines.shape))
    }
    try Rotation(
      cosines: cosines, sines: try call.input(3, type: x.type), turned: turned,
      isInterleaved: try call.flag("interleaved"),
      row: try rows(call, samples: x.shape[0], length: from.length, extent: cosines.shape[0])
    ).apply(call, from, to: to, samples: x.shape[0])
    return [y]
  }

  /// The rows of the tables by the positions in input 1.
  private static func rows(
    _ call: OperatorCall, samples: Int, length: Int, extent: Int
  ) throws(OperatorError) -> (Int, Int) -> Int {
    let places = try Indices(call, 1, extent: extent)
    if places.count == 1, places.shape.count == 1 {
      let first = places[0]
      guard first <= extent - length else {
        throw call.wrong(1, "a first position of at most \(extent - length)", found: "\(first)")
      }
      return { first + $1 }
    }
    guard places.shape == [samples, length] else {
      throw call.wrong(1, "[1] or \(shapeText([samples, length]))", found: shapeText(places.shape))
    }
    return { places[$0 * length + $1] }
  }
}
