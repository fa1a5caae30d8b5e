internal import ONNXGraph

/// y = x with the first `rotary_embedding_dim` (0: all) elements R of each head's vectors turned: pairs (a, b) become
/// (a · cos − b · sin, b · cos + a · sin)
///
/// x: floats, [B, H, S, D] or [B, S, H·D] (`num_heads`); cos, sin: [B, S, R/2], or [positions, R/2] with rows chosen by
/// INT64 [B, S] → y: as x. Pairs: i and i + R/2, or 2i and 2i + 1 with `interleaved`. Source: ONNX `RotaryEmbedding`,
/// version 23.
enum RotaryEmbedding: Operator {
  static var since: Int { 23 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank == 3 || x.rank == 4 else {
      throw call.wrong(0, "3 or 4 dimensions", found: shapeText(x.shape))
    }
    let y = try call.make(x.type, x.shape)
    let heads = x.rank == 3 ? try call.heads("num_heads", dividing: x.shape[2]) : 0
    let vectors = x.rank == 3 ? HeadVectors(packed: x, heads: heads) : HeadVectors(x)
    let given = try call.int("rotary_embedding_dim") ?? 0
    let turned = given == 0 ? vectors.size : given
    guard turned >= 0, turned <= vectors.size, turned % 2 == 0 else {
      throw OperatorError(
        "an even number of at most \(vectors.size)", found: "\(turned)",
        subject: "attribute 'rotary_embedding_dim'")
    }
    let (samples, length) = (x.shape[0], vectors.length)
    let (cosines, sines) = (try call.input(1, type: x.type), try call.input(2, type: x.type))
    let row: (Int, Int) -> Int
    if call.optional(3) != nil {
      guard cosines.rank == 2, cosines.shape[1] == turned / 2 else {
        throw call.wrong(1, "[positions, \(turned / 2)]", found: shapeText(cosines.shape))
      }
      let places = try Indices(call, 3, extent: cosines.shape[0])
      guard places.shape == [samples, length] else {
        throw call.wrong(3, shapeText([samples, length]), found: shapeText(places.shape))
      }
      row = { places[$0 * length + $1] }
    } else {
      guard cosines.shape == [samples, length, turned / 2] else {
        throw call.wrong(1, shapeText([samples, length, turned / 2]), found: shapeText(cosines.shape))
      }
      row = { $0 * length + $1 }
    }
    try Rotation(
      cosines: cosines, sines: sines, turned: turned, isInterleaved: try call.flag("interleaved"), row: row
    ).apply(
      call, vectors, to: x.rank == 3 ? HeadVectors(packed: y, heads: heads) : HeadVectors(y), samples: samples
    )
    return [y]
  }
}
